"""Training, resuming, testing and predicting of ratings."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from rating_sets import synthetic
from small_runs import configuration, fitted

import zoo
from zoo.checkpoints.load import load
from zoo.errors import ZooError
from zoo.losses.ratings import PairwiseLogistic, SquaredError
from zoo.networks.matrix_factorization import MatrixFactorization
from zoo.ops.block_schedule import BlockSchedule
from zoo.run.train import train
from zoo.tasks.ratings.compiled import compiled_pass
from zoo.tasks.ratings.minibatch import gradients, update
from zoo.tasks.ratings.optimizer import RowAdagrad

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers", "ignore:.*LeafSpec", "ignore:.*logging interval"
)
SMALL = ["data.num_users=60", "data.num_items=40", "data.num_ratings=900", "+model.network.factors=4"]


def factors(threads: int, seed: int = 0, loss=None, values: str = "real", passes: int = 2):
    """The network after some compiled passes over small data."""
    data = synthetic(values, users=200, items=150, ratings=4000)
    torch.manual_seed(seed)
    network = MatrixFactorization(num_users=len(data.users), num_items=len(data.items), factors=5)
    optimizer = RowAdagrad(network.parameters(), lr=0.1)
    loss = loss or SquaredError(l2=0.1, l1=0.0)
    losses = [
        compiled_pass(network, loss, optimizer, data.grid, rate=0.1, seed=seed + n, threads=threads)
        for n in range(passes)
    ]
    return network, losses


@pytest.mark.parametrize("loss", [SquaredError(l2=0.1, l1=0.0), PairwiseLogistic(l2=0.01, l1=0.0)])
def test_factors_depend_on_the_seed_and_not_on_threads(loss):
    values = "clicks" if loss.pairwise else "real"
    one, losses = factors(1, loss=loss, values=values)
    assert losses[1] < losses[0]
    for threads in (1, 3):
        again, _ = factors(threads, loss=loss, values=values)
        for ours, theirs in zip(one.parameters(), again.parameters(), strict=True):
            assert torch.equal(ours, theirs)
    other, _ = factors(1, seed=1, loss=loss, values=values)
    assert not torch.equal(one.users, other.users)


@pytest.mark.parametrize("pairwise", [False, True])
def test_sparse_gradients_equal_autograd(pairwise):
    torch.manual_seed(0)
    network = MatrixFactorization(num_users=9, num_items=7, factors=4).double()
    loss = (PairwiseLogistic if pairwise else SquaredError)(l2=0.1, l1=0.0, item_l2=0.2)
    users, items, rivals = torch.randint(9, (30,)), torch.randint(7, (30,)), torch.randint(7, (30,))
    ratings = torch.rand(30, dtype=torch.float64)
    scores = network(users, items) - (network(users, rivals) if pairwise else 0)
    target = torch.ones_like(scores) if pairwise else ratings
    total = loss.each(scores, target).sum()
    vectors = [(0.1, network.users[users]), (0.2, network.items[items])]
    vectors += [(0.2, network.item_bias[items])] + ([] if pairwise else [(0.1, network.user_bias[users])])
    vectors += [(0.2, network.items[rivals]), (0.2, network.item_bias[rivals])] if pairwise else []
    (total + sum(weight / 2 * values.square().sum() for weight, values in vectors)).backward()
    found = gradients(network, loss, users, items, ratings, rivals if pairwise else None)
    parts = [(network.users, found.users, found.p), (network.items, found.items, found.q)]
    parts += [(network.item_bias, found.items, found.item_bias)]
    parts += [] if pairwise else [(network.user_bias, found.users, found.user_bias)]
    for parameter, rows, values in parts:
        summed = torch.zeros_like(parameter).index_add_(0, rows, values)
        torch.testing.assert_close(summed, parameter.grad, rtol=0, atol=1e-12)


def test_a_minibatch_of_one_rating_equals_the_compiled_update():
    data = synthetic(users=20, items=15, ratings=60)
    networks = []
    for compiled in (True, False):
        torch.manual_seed(0)
        network = MatrixFactorization(num_users=len(data.users), num_items=len(data.items), factors=3).double()
        loss, optimizer = SquaredError(l2=0.1, l1=0.05), RowAdagrad(network.parameters(), lr=0.1)
        if compiled:
            compiled_pass(network, loss, optimizer, data.grid, rate=0.1, seed=4, threads=1)
        else:
            rows = data.dataset("train")
            for user_band, item_band in BlockSchedule(data.grid.bands, 4):
                block = user_band * data.grid.bands + item_band
                for row in range(int(data.grid.starts[block]), int(data.grid.starts[block + 1])):
                    batch = rows[torch.tensor([row])]
                    users, items = batch.users.long(), batch.items.long()
                    ratings = batch.ratings.double()
                    update(network, loss, optimizer, gradients(network, loss, users, items, ratings, None), rate=0.1)
        networks.append(network)
    for ours, theirs in zip(networks[0].parameters(), networks[1].parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_a_resumed_run_equals_one_without_interruption(tmp_path):
    whole = torch.load(fitted("matrix_factorization", tmp_path / "a", *SMALL, epochs=4), weights_only=True)
    half = fitted("matrix_factorization", tmp_path / "b", *SMALL, "scheduler=constant", epochs=2)
    rest = fitted("matrix_factorization", tmp_path / "c", *SMALL, "scheduler=constant", f"resume='{half}'", epochs=4)
    full = fitted("matrix_factorization", tmp_path / "d", *SMALL, "scheduler=constant", epochs=4)
    resumed, uninterrupted = (torch.load(each, weights_only=True) for each in (rest, full))
    assert whole["global_step"] == resumed["global_step"] == 4
    for key, value in uninterrupted["state_dict"].items():
        assert torch.equal(value, resumed["state_dict"][key]), key
    for ours, theirs in zip(
        uninterrupted["optimizer_states"][0]["state"].values(), resumed["optimizer_states"][0]["state"].values(),
        strict=True,
    ):  # fmt: skip
        assert torch.equal(ours["sums"], theirs["sums"])


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("matrix_factorization", ["model.solver=torch"]),
        ("matrix_factorization", ["optimizer=adam"]),
        ("matrix_factorization_logistic", []),
        ("matrix_factorization_bpr", ["model.solver=torch"]),
        ("nonnegative_factorization", []),
    ],
)
def test_every_kind_learns(tmp_path, model, words):
    checkpoint = fitted(model, tmp_path / "run", *SMALL, *words, "scheduler=constant", epochs=5)
    rows = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    column = rows[0].split(",").index("train/loss")
    losses = [float(row.split(",")[column]) for row in rows[1:] if row.split(",")[column]]
    assert losses[-1] < losses[0]
    task = load(checkpoint)
    if model == "nonnegative_factorization":
        assert (task.network.users >= 0).all()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small run with its report and baselines."""
    folder = tmp_path_factory.mktemp("ratings")
    config = configuration("matrix_factorization", *SMALL, "baselines=true", "trainer.max_epochs=3")
    train(config, folder, model="matrix_factorization", data="synthetic_ratings")
    return folder


def test_a_run_reports_metrics_baselines_and_the_floor(run):
    results = json.loads((run / "metrics.json").read_text())
    assert {"rmse", "mae", "ndcg_10", "map_10", "recall_10", "precision_10", "auc", "mpr"} <= results["test"].keys()
    assert {"mean", "biases", "popularity", "item neighbors", "noise floor"} <= results["baselines"].keys()
    assert results["baselines"]["noise floor"]["rmse"] == 0.8
    assert "compiled SGD over blocks" in results["solver"]
    page = (run / "report" / "index.html").read_text()
    for title in ("Error by number of ratings", "Calibration", "noise floor", "Map of items", "Examples of recommend"):
        assert title in page


def test_predictions_of_pairs_recommendations_and_similar_items(run, tmp_path, capsys):
    model = zoo.load(run)
    pairs = tmp_path / "pairs.csv"
    user, item = model.card["users"][0], model.card["items"][0]
    pairs.write_text(f"user,item\n{user},{item}\nnobody,{item}\n{user},nothing\nnobody,nothing\n")
    found = zoo.predict(model, pairs, tmp_path / "out")
    assert "3 of 4 pairs have an unknown user (2) or item (2)" in capsys.readouterr().out
    expected = model(torch.tensor([0]), torch.tensor([0]))
    assert found[0].rating == pytest.approx(expected.item())
    assert [each.fallback for each in found] == ["", "mean of the item", "mean of the user", "overall mean"]
    assert found[3].rating == pytest.approx(model.fallback.mean, abs=1e-5)
    assert (tmp_path / "out" / "predictions.csv").read_text().startswith("user,item,rating,fallback\n")
    frame = pd.DataFrame({"user": [user, "nobody"], "item": [item, item]})
    assert [each.rating for each in zoo.predict(model, frame)] == [found[0].rating, found[1].rating]
    (users := tmp_path / "users.csv").write_text(f"user\n{user}\nnobody\n")
    best, popular = zoo.predict(model, users, top=5)
    known = model.known_items[model.known_starts[0] : model.known_starts[1]].tolist()
    assert not {model.card["items"][i] for i in known} & set(best.items)
    scores = model.network.all_items(torch.tensor([0]))[0].detach()
    scores[known] = -torch.inf
    assert best.items == [model.card["items"][i] for i in scores.topk(5).indices.tolist()]
    assert popular.fallback == "most rated items"
    (items := tmp_path / "items.csv").write_text(f"{item}\n")
    (similar,) = zoo.predict(model, items, similar=3)
    vectors = torch.nn.functional.normalize(model.network.items.detach(), dim=1)
    cosines = vectors @ vectors[0]
    cosines[0] = -2
    assert similar.scores == pytest.approx(cosines.topk(3).values.tolist(), abs=1e-6)


def test_a_prediction_refuses_what_it_cannot_read(run, tmp_path):
    model = zoo.load(run)
    (file := tmp_path / "p.csv").write_text("a,b,c\n1,2,3\n")
    with pytest.raises(ZooError, match="has no column `user` among a, b, c: name its columns user and item"):
        zoo.predict(model, file)
    with pytest.raises(ZooError, match="`top` and `similar` answer different questions"):
        zoo.predict(model, file, top=2, similar=2)
    with pytest.raises(ZooError, match=r"`top` \(=0\) must be at least 1"):
        zoo.predict(model, file, top=0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model.solver=gpu"], r"`model.solver` \(=gpu\) must be one of: auto, compiled, torch"),
        (["model.threads=0"], r"`model.threads` \(=0\) must be at least 1"),
        (["+model.network.factors=0"], r"`model.network.factors` \(=0\) must be at least 1"),
        (["model.loss.l2=-1.0"], r"`model.loss.l2` \(=-1.0\) must be at least 0"),
        (["model.solver=compiled", "optimizer=adam"], "cannot run: the compiled solver needs optimizer=row_"),
        (["model=matrix_factorization_logistic", "data=synthetic_counts"], "needs labels 1 and -1, or 1 and 0"),
        (["model=nonnegative_factorization", "data=synthetic_labels"], "needs ratings of at least 0, and the smallest"),
        (["model.network.nonnegative=true"], "goes without biases and mean"),
    ],
)  # fmt: skip
def test_options_that_do_not_suit(tmp_path, words, message):
    model = next((word.partition("=")[2] for word in words if word.startswith("model=")), "matrix_factorization")
    extra = [f"+{word}" if "nonnegative" in word and "model=" not in word else word for word in words]
    extra = [f"+{word}" if "network.factors" in word else word for word in extra if not word.startswith("model=")]
    with pytest.raises(ZooError, match=message):
        fitted(model, tmp_path / "run", *SMALL[:3], *extra)


def test_without_numba_torch_trains(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("zoo.tasks.ratings.solver.find_spec", lambda name: None)
    fitted("matrix_factorization", tmp_path / "run", *SMALL)
    assert "minibatches in torch (the compiled solver needs numba: pip install" in capsys.readouterr().out


def test_labels_of_0_and_1_become_signs():
    data = synthetic("labels")
    for name in ("train", "val", "test"):
        ratings = data.dataset(name).columns.ratings
        ratings[ratings < 0] = 0
    data.use_labels("Logistic")
    assert set(np.unique(data.dataset("train").columns.ratings)) == {-1.0, 1.0}
