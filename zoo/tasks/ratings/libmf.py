"""LIBMF's text format of models, read and written.

A header of `f`, `m`, `n`, `k`, `b` (loss, users, items, factors, mean), then a line `p<u> T v1 … vk` for each user and
`q<i> …` for each item; `F` in place of `T` marks a row without training ratings. LIBMF has no biases: those of a model
become two more factors, (p, b_u + mean, 1)·(q, 1, b_i).
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from zoo.errors import ZooError
from zoo.losses.ratings import (
    AbsoluteError,
    GeneralizedKL,
    Hinge,
    Logistic,
    PairwiseLogistic,
    RatingLoss,
    SquaredError,
    SquaredHinge,
)
from zoo.networks.matrix_factorization import MatrixFactorization
from zoo.tasks.ratings.kinds import BinaryRatings, CountRatings, RankedRatings
from zoo.tasks.ratings.task import Ratings

LOSSES: dict[int, tuple[type[RatingLoss], type[Ratings]]] = {
    0: (SquaredError, Ratings),
    1: (AbsoluteError, Ratings),
    2: (GeneralizedKL, CountRatings),
    5: (Logistic, BinaryRatings),
    6: (SquaredHinge, BinaryRatings),
    7: (Hinge, BinaryRatings),
    10: (PairwiseLogistic, RankedRatings),
}
"""LIBMF's numbers of losses."""


def write_libmf(task: Ratings, path: str | Path) -> None:
    """Writes the factors in LIBMF's format; row numbers are the ids, which must be whole numbers from 0 on.

    Ids without training ratings below the largest one are marked as LIBMF does.

    Raises:
        ZooError: ids of another kind.
    """
    network = task.factorization
    p, q = _with_biases(network)
    number = next(number for number, (loss, _) in LOSSES.items() if type(task.loss) is loss)
    rows = {
        "p": _by_id(p, task.card.get("users", range(len(p)))),
        "q": _by_id(q, task.card.get("items", range(len(q)))),
    }
    with Path(path).open("w", encoding="ascii") as file:
        file.write(f"f {number}\nm {len(rows['p'])}\nn {len(rows['q'])}\nk {p.shape[1]}\nb {task.fallback.mean:.9g}\n")
        for name, vectors in rows.items():
            for row, vector in enumerate(vectors):
                known = "F" if vector is None else "T"
                values = np.full(p.shape[1], np.nan) if vector is None else vector
                file.write(f"{name}{row} {known} {' '.join(f'{value:.9g}' for value in values)}\n")


def read_libmf(path: str | Path) -> Ratings:
    """Reads a model that LIBMF or `write_libmf` has written, in eval mode; ids are row numbers.

    Rows without training ratings get the mean of the file, as unknown users and items do.

    Raises:
        ZooError: the file is missing, or not in LIBMF's format.
    """
    path = Path(path)
    if not path.is_file():
        raise ZooError(f"{path} does not exist, or is no file")
    with path.open(encoding="ascii", errors="replace") as file:
        header = _header(islice(file, 5), path)
        users, p = _rows(islice(file, header["m"]), "p", header, path)
        items, q = _rows(islice(file, header["n"]), "q", header, path)
    loss, kind = LOSSES[header["f"]]
    nonnegative = loss.nonnegative
    network = MatrixFactorization(
        num_users=len(users),
        num_items=len(items),
        factors=header["k"],
        biases=False,
        centered=False,
        nonnegative=nonnegative,
        mean_rating=max(header["b"], 1e-6),
    )
    network.users, network.items = nn.Parameter(p), nn.Parameter(q)
    task = kind(
        network=network,
        loss=loss(l1=0.0, l2=0.0),
        solver="auto",
        threads=None,
        top_k=10,
        num_users=len(users),
        num_items=len(items),
        mean_rating=header["b"],
    )
    task.card = {"users": users, "items": items}
    return task.eval()


def _with_biases(network: MatrixFactorization) -> tuple[np.ndarray, np.ndarray]:
    p, q = network.users.detach().cpu(), network.items.detach().cpu()
    if network.user_bias is not None and network.item_bias is not None:
        b, c = network.user_bias.detach().cpu()[:, None], network.item_bias.detach().cpu()[:, None]
        p = torch.cat([p, b + network.mean, torch.ones_like(b)], 1)
        q = torch.cat([q, torch.ones_like(c), c], 1)
    elif network.mean:
        p = torch.cat([p, torch.full((len(p), 1), network.mean)], 1)
        q = torch.cat([q, torch.ones(len(q), 1)], 1)
    return p.numpy(), q.numpy()


def _by_id(vectors: np.ndarray, ids: Sequence[Any]) -> list[np.ndarray | None]:
    """The vectors in the order of their ids; None for ids between that have none."""
    wrong = next((each for each in ids if not str(each).isdigit()), None)
    if wrong is not None:
        raise ZooError(f"LIBMF numbers users and items, and an id is `{wrong}`: number them from 0 in the data")
    places = {int(each): place for place, each in enumerate(ids)}
    return [vectors[places[k]] if k in places else None for k in range(max(places) + 1)]


def _header(lines: Iterator[str], path: Path) -> dict[str, Any]:
    try:
        fields = dict(line.split() for line in lines)
        header: dict[str, Any] = {name: int(fields[name]) for name in "fmnk"} | {"b": float(fields["b"])}
    except (ValueError, KeyError) as error:
        raise ZooError(f"{path} is no model of LIBMF: it begins with lines f, m, n, k and b") from error
    if header["f"] not in LOSSES:
        raise ZooError(f"{path} has loss f={header['f']}; these are read: {', '.join(map(str, LOSSES))}")
    return header


def _rows(lines: Iterator[str], name: str, header: dict[str, Any], path: Path) -> tuple[list[int], torch.Tensor]:
    ids, vectors = [], []
    count = header["m" if name == "p" else "n"]
    for row in range(count):
        first, known, *values = (next(lines, "") or " ").split() or ["", ""]
        if first != f"{name}{row}" or len(values) != header["k"] or known not in ("T", "F"):
            raise ZooError(f"{path}: the line of {name}{row} is missing, or has other than {header['k']} values")
        if known == "T":
            ids.append(row)
            vectors.append(np.array(values, np.float32))
    return ids, torch.from_numpy(np.stack(vectors)) if vectors else torch.empty(0, header["k"])
