"""Models in LIBMF's text format."""

import ctypes
import warnings

import numpy as np
import pytest
import torch

import zoo
from zoo.errors import ZooError
from zoo.losses.ratings import SquaredError
from zoo.networks.matrix_factorization import MatrixFactorization
from zoo.tasks.ratings import Ratings
from zoo.tasks.ratings.libmf import read_libmf, write_libmf

TEXT = """f 0
m 3
n 2
k 2
b 2.5
p0 T 1 2
p1 F nan nan
p2 T 0.5 -1
q0 T 3 1
q1 T -1 0.25
"""


def model(**network):
    torch.manual_seed(0)
    built = MatrixFactorization(num_users=3, num_items=4, factors=2, mean_rating=3.0, **network)
    if built.user_bias is not None:
        torch.nn.init.normal_(built.user_bias)
        torch.nn.init.normal_(built.item_bias)
    task = Ratings(
        network=built, loss=SquaredError(l1=0.0, l2=0.1), solver="auto", threads=None, top_k=3, num_users=3, num_items=4
    )
    task.card = {"users": ["4", "0", "2"], "items": [1, 0, 3, 2]}
    return task


def test_a_model_of_libmf_is_read(tmp_path):
    (path := tmp_path / "model.txt").write_text(TEXT)
    task = read_libmf(path)
    (pairs := tmp_path / "pairs.txt").write_text("0 0\n2 1\n1 0\n")
    found = zoo.predict(task, pairs)
    assert [each.rating for each in found] == pytest.approx([5.0, -0.75, 2.5])
    assert found[2].fallback == "mean of the item"  # which is the mean of the file


@pytest.mark.parametrize("network", [{}, {"biases": False}, {"biases": False, "centered": False}])
def test_a_written_model_predicts_the_same(tmp_path, network):
    task = model(**network)
    write_libmf(task, tmp_path / "model.txt")
    again = read_libmf(tmp_path / "model.txt")
    lines = (tmp_path / "model.txt").read_text().splitlines()
    assert lines[:3] == ["f 0", "m 5", "n 4"]
    assert lines[6].startswith("p1 F nan")
    for user, name in enumerate(task.card["users"]):
        for item, other in enumerate(task.card["items"]):
            ours = task.network(torch.tensor([user]), torch.tensor([item])).item()
            place = again.card["users"].index(int(name)), again.card["items"].index(int(other))
            theirs = again.network(*(torch.tensor([each]) for each in place)).item()
            assert np.isclose(ours, theirs, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no model of LIBMF: it begins with lines f, m, n, k and b"),
        (TEXT.replace("f 0", "f 12"), "has loss f=12; these are read: 0, 1, 2, 5, 6, 7, 10"),
        (TEXT.replace("q1 T -1 0.25\n", ""), "the line of q1 is missing, or has other than 2 values"),
        (TEXT.replace("p2 T 0.5 -1", "p2 T 0.5"), "the line of p2 is missing"),
    ],
)
def test_a_broken_file_is_explained(tmp_path, text, message):
    (path := tmp_path / "model.txt").write_text(text)
    with pytest.raises(ZooError, match=message):
        read_libmf(path)


def test_ids_that_libmf_cannot_number(tmp_path):
    task = model()
    task.card["users"] = ["ann", "bob", "eve"]
    with pytest.raises(ZooError, match="LIBMF numbers users and items, and an id is `ann`"):
        write_libmf(task, tmp_path / "model.txt")


def test_libmf_reads_what_is_written_here(tmp_path):
    """LIBMF itself, from its package of PyPI."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        library = pytest.importorskip("libmf.mf")
    library.mf.mf_load_model.restype = ctypes.c_void_p
    library.mf.mf_predict.restype = ctypes.c_float
    task = model()
    write_libmf(task, tmp_path / "model.txt")
    theirs = ctypes.c_void_p(library.mf.mf_load_model(str(tmp_path / "model.txt").encode()))
    for user, name in enumerate(task.card["users"]):
        for item, other in enumerate(task.card["items"]):
            ours = task.network(torch.tensor([user]), torch.tensor([item])).item()
            assert library.mf.mf_predict(theirs, int(name), int(other)) == pytest.approx(ours, rel=1e-5, abs=1e-5)
