"""Reads NIfTI files."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from zoo.data.volumes.header import Header, bytes_per_voxel, require_bytes, sides
from zoo.distribution import install_command
from zoo.errors import ZooError

_SPACE = 3  # axes of a NIfTI array that are directions in space; a fourth holds channels


def read_nifti(path: Path, *, most: int) -> Shaped[np.ndarray, "..."]:
    """At most `most` bytes of voxels in the file's own scale, as [D H W] or [C D H W] = (channel, z, y, x).

    Axes are exchanged and mirrored, without interpolation, so that x runs to the right, y to the front and z up (RAS+,
    as of `nibabel.as_closest_canonical`). Voxel sizes are not read.

    Raises:
        ZooError: nibabel is not installed.
        ValueError: another format, a header without orientation, or more voxels.
    """
    image, orientation = _open(path)
    require_bytes(math.prod(image.shape) * image.get_data_dtype().itemsize, most)
    values: np.ndarray = np.asarray(image.dataobj)
    if orientation is not None:
        from nibabel.orientations import apply_orientation

        values = apply_orientation(values, orientation)
    return values.T


def nifti_header(path: Path) -> Header:
    """The shape and the voxel size of what `read_nifti` returns.

    Raises:
        ZooError: nibabel is not installed.
        ValueError: another format, or a header without orientation.
    """
    image, orientation = _open(path)
    shape, zooms = [*image.shape], [*image.header.get_zooms()]
    if orientation is not None:
        order = np.argsort(orientation[:, 0]).tolist()
        shape[:_SPACE], zooms[:_SPACE] = [shape[axis] for axis in order], [zooms[axis] for axis in order]
    is_scaled = (image.dataobj.slope, image.dataobj.inter) != (1, 0)
    size = 4 if is_scaled else bytes_per_voxel(image.get_data_dtype())
    return Header(tuple(shape[::-1]), size, sides([f"{zoom:.3g}" for zoom in zooms[_SPACE - 1 :: -1]]))


def _open(path: Path) -> tuple[Any, Float[np.ndarray, "3 2"] | None]:
    """The image, and how its axes are exchanged and mirrored; None if it has fewer than three."""
    try:
        import nibabel
    except ModuleNotFoundError:
        raise ZooError(
            f"reading {path.name} needs the package nibabel, which is not installed: {install_command('volumes')}"
        ) from None
    try:
        image: Any = nibabel.load(path)
    except (nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError) as error:
        raise ValueError(str(error)) from None
    if len(image.shape) < _SPACE:
        return image, None
    orientation = nibabel.io_orientation(image.affine) if np.isfinite(image.affine).all() else np.full((3, 2), np.nan)
    if np.isnan(orientation).any():
        raise ValueError("its affine, which orients the axes, is damaged")
    return image, orientation
