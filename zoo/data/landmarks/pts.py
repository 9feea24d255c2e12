"""Reads `.pts` files: the points of one image, as annotators of faces write them."""

import math
from collections import Counter
from pathlib import Path

import torch

from zoo.data.file_names import NamedFiles, file_names
from zoo.data.images.files import list_images
from zoo.data.landmarks.samples import PointSet, Problem, Sample
from zoo.errors import ZooError
from zoo.regular_files import read_text


def read_pts(folder: Path) -> PointSet:
    """Reads all images below a folder with the `.pts` file of the same name beside each.

    A file has the lines `version: 1`, `n_points: K`, `{`, K times `x y`, and `}`. Coordinates count from 1 at the
    center of the top left pixel, as in the 300-W sets (Sagonas et al. 2013): 1 becomes 0.5 here. Points are named by
    their numbers from 1. An image without a file is left out.

    Raises:
        ZooError: a missing folder, or no `.pts` file in it.
    """
    images = list_images(folder)
    names = [name for name in file_names(folder) if name.lower().endswith(".pts")]
    files = NamedFiles((Path(name).with_suffix("").as_posix(), folder / name) for name in names)
    result = PointSet(())
    read: list[tuple[Path, Path, list[tuple[float, float]]]] = []
    lacking = 0
    for path in images:
        file = files.find(path.relative_to(folder).with_suffix("").as_posix())
        if file is None:
            lacking += 1
            continue
        try:
            read.append((path, file, _read(file)))
        except (ValueError, ZooError) as error:
            result.problems.append(Problem(file.name, "broken annotation", str(error)))
    usual = Counter(len(points) for _, _, points in read).most_common(1)
    result.names = tuple(str(number) for number in range(1, usual[0][0] + 1)) if usual else ()
    for path, file, points in read:
        if len(points) != len(result.names):
            message = f"{len(points)} points, and most files have {len(result.names)}"
            result.problems.append(Problem(file.name, "other number of points", message))
            continue
        places = torch.tensor(points) - 0.5
        hidden = torch.tensor([x == y == -1 for x, y in points])
        result.samples.append(Sample(path=path, points=places, visible=~hidden, where=file.name))
    used = {sample.path.with_suffix("").relative_to(folder).as_posix() for sample in result.samples}
    broken = {problem.file for problem in result.problems}
    for name in names:
        if Path(name).with_suffix("").as_posix() not in used and Path(name).name not in broken:
            result.problems.append(Problem(Path(name).name, "missing image", f"no image of this name below {folder}"))
    if not result.names:
        raise ZooError(f"{folder} has no image with a .pts file of the same name beside it")
    if lacking:
        result.notes.append(f"{lacking} images have no .pts file and are left out")
    return result


def _read(file: Path) -> list[tuple[float, float]]:
    """The points as written; raises ValueError for anything else."""
    text = read_text(file)
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise ValueError("has no points between { and }")
    points = []
    for line in text[start + 1 : end].splitlines():
        if not (cells := line.split()):
            continue
        try:
            x, y = map(float, cells)
        except ValueError:
            raise ValueError(f"has the line {line.strip()!r:.40}, and a point is two numbers") from None
        if not (math.isfinite(x) and math.isfinite(y)):
            raise ValueError(f"has the point {line.strip()!r:.40}, which is no number")
        if -1 in (x, y) and x != y:
            raise ValueError(f"has the point {line.strip()!r:.40}; -1 -1 means not visible")
        points.append((x, y))
    if not points:
        raise ValueError("has no point")
    promised = text[:start].partition("n_points:")[2].split()
    if promised and promised[0].isdecimal() and int(promised[0]) != len(points):
        raise ValueError(f"promises {promised[0]} points and has {len(points)}")
    return points
