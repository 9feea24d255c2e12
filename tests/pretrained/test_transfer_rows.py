"""Weights whose rows are users and items start a training on the same ones alone."""

import pytest

import zoo
from zoo.errors import ZooError
from zoo.run.create import create_data


def test_rows_of_other_users_are_refused():
    weights = "matrix_factorization/synthetic_ratings"
    other = create_data("synthetic_ratings", num_ratings=300_000, seed=0)
    with pytest.raises(ZooError, match=r"those of other users, or in another order: train on the same data, with the"):
        zoo.create_model("matrix_factorization", data=other, pretrained="synthetic_ratings")
    same = create_data("synthetic_ratings", seed=10)
    found = zoo.create_model("matrix_factorization", data=same, pretrained="synthetic_ratings")
    for key, value in zoo.load(weights).network.state_dict().items():
        assert found.network.state_dict()[key].equal(value), key
