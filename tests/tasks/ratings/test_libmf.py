"""Models in LIBMF's text format."""

import ctypes
import subprocess
import sys
import warnings
from importlib.util import find_spec

import numpy as np
import pandas as pd
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
p1 F 0 0
p2 T 0.5 -1
q0 T 3 1
q1 T -1 0.25
"""


TRAINING = """
import ctypes, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from libmf import mf
generator = np.random.default_rng(0)
pairs = generator.permutation(60 * 40)[:1500]
users, items = pairs // 40, pairs % 40
known = (users != 7) & (items != 9)
users, items = users[known], items[known]
p, q = generator.random((60, 3)), generator.random((40, 3))
engine = mf.MF(k=4, nr_iters=30, nr_threads=1, nr_bins=8, quiet=True)
engine.fit(np.stack([users, items, 2 * (p[users] * q[items]).sum(1) + 0.5], axis=1))
model = ctypes.byref(engine.model)
mf.mf.mf_save_model(model, sys.argv[1].encode())
mf.mf.mf_predict.restype = ctypes.c_float
print(*[mf.mf.mf_predict(model, user, item) for user in range(60) for item in range(40)])
"""
"""A separate process: LIBMF writes to the console, and its wrapper may hang on small data."""


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


def test_what_libmf_writes_is_read_here(tmp_path):
    """LIBMF itself trains on ratings that leave out user 7 and item 9, writes its model, and predicts all pairs."""
    if find_spec("libmf") is None:
        pytest.skip("libmf is not installed")
    command = [sys.executable, "-W", "ignore", "-c", TRAINING, str(tmp_path / "model.txt")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    theirs = np.array(ended.stdout.splitlines()[-1].split(), float).reshape(60, 40)
    task = read_libmf(tmp_path / "model.txt")
    assert task.card == {
        "users": [user for user in range(60) if user != 7],
        "items": [item for item in range(40) if item != 9],
    }
    ours = zoo.predict(task, pd.DataFrame([(u, i) for u in range(60) for i in range(40)], columns=["user", "item"]))
    assert [each.rating for each in ours] == pytest.approx(theirs.ravel().tolist(), abs=1e-4)
    assert theirs.std() > 0.3
    assert {(each.user, each.item) for each in ours if each.fallback} == {
        (user, item) for user in range(60) for item in range(40) if user == 7 or item == 9
    }
