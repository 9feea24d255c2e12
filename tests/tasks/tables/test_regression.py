"""Regression: errors, intervals, quantiles, and predictions for the rows of a file."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from table_sets import frame, table
from torch import nn

from zoo.errors import ZooError
from zoo.losses.forecasting import SquaredError
from zoo.losses.quantile import Quantile
from zoo.networks.perceptron import MultilayerPerceptron
from zoo.reports.table.importance import permutation_importance
from zoo.run.predict import predict
from zoo.tasks.regression.intervals import ConformalInterval
from zoo.tasks.regression.metrics import RegressionErrors
from zoo.tasks.regression.table import TableRegression


def test_errors_equal_those_of_scikit_learn():
    generator = torch.Generator().manual_seed(0)
    target = 1e6 + torch.randn(90, generator=generator, dtype=torch.float64)
    predicted = target + 0.3 * torch.randn(90, generator=generator, dtype=torch.float64)
    metric = RegressionErrors(1e6)
    for part in torch.arange(90).split(40):
        metric.update(predicted[part], target[part])
    found = {name: float(value) for name, value in metric.compute().items()}
    expected = {
        "rmse": root_mean_squared_error(target, predicted),
        "mae": mean_absolute_error(target, predicted),
        "r2": r2_score(target, predicted),
    }
    assert found == pytest.approx(expected, rel=1e-6)


def test_equal_targets_have_no_r2():
    metric = RegressionErrors(217.6)
    metric.update(torch.linspace(0, 9, 9), torch.full((9,), 5.1, dtype=torch.float64))
    assert metric.compute()["r2"].isnan()


def test_intervals_cover_their_level_of_new_samples():
    generator = torch.Generator().manual_seed(0)
    shares = []
    for _ in range(400):
        errors = torch.randn(60, 1, generator=generator, dtype=torch.float64).exp()  # skewed
        interval = ConformalInterval(0.9)
        interval.update(torch.zeros(40, 1).double(), errors[:40, 0])
        assert interval.calibrate() == "from 40 validation samples"
        lower, upper = interval(torch.zeros(20, 1).double())
        shares.append(((lower <= errors[40:, 0]) & (errors[40:, 0] <= upper)).double().mean())
    assert torch.stack(shares).mean().item() == pytest.approx(37 / 41, abs=0.01)  # the 37th of 40 scores is the margin


def test_too_few_samples_give_an_unbounded_interval():
    interval = ConformalInterval(0.9)
    interval.update(torch.zeros(8, 1), torch.ones(8))
    assert interval.calibrate() == "unbounded: 8 validation samples, and 9 are needed for 90%"
    assert interval(torch.zeros(1, 1))[1].isinf().all()
    with pytest.raises(ZooError, match="must lie within"):
        ConformalInterval(1.0)


def test_quantiles_are_widened_by_their_own_scores():
    interval = ConformalInterval(0.5)
    quantiles = torch.tensor([[-1.0, 0.0, 1.0]]).expand(9, 3)
    interval.update(quantiles, torch.arange(9.0))  # scores -1 … 7; the 5th of them is 3
    interval.calibrate()
    lower, upper = interval(quantiles[:1])
    assert (lower.item(), upper.item()) == (-4.0, 4.0)


class FirstNumber(nn.Module):
    def forward(self, rows):
        return rows[:, :1].float()


def test_a_file_is_predicted_as_the_table_was_read(tmp_path, caplog):
    data = frame()
    data.to_csv(tmp_path / "a.csv", index=False)
    source = table(tmp_path / "a.csv")
    source.setup()
    known = source.metadata()
    task = TableRegression(
        network=FirstNumber(),
        loss=SquaredError(),
        target_center=known["target_center"],
        target_scale=known["target_scale"],
    )
    task.card = source.card()
    wrong = data.drop(columns="y").astype(object)[["city", "sold", "noise", "size"]]  # in another order
    wrong.loc[1, "size"], wrong.loc[2, "noise"], wrong.loc[3, "city"] = "big", None, "Wien"
    wrong.loc[4, "sold"] = "2099-01-01"
    results = predict(task, wrong, tmp_path / "out")
    column = source.columns[0]
    expected = (data["size"][0] - column.center) / column.scale * known["target_scale"] + known["target_center"]
    assert results[0].value == pytest.approx(expected, rel=1e-6)
    assert results[0].lower is None  # never validated
    assert results[1].error == "column `size`: 'big' is no number"
    assert results[2].error == "column `noise`: the value is missing, and the model imputes none"
    assert results[3].error is None
    assert "1 of 60 rows have a category of `city` that training lacks (Wien): it is read as unknown" in caplog.text
    assert "1 of 60 rows have a `sold` more than 10 standard deviations from the mean of training" in caplog.text
    rows = pd.read_csv(tmp_path / "out" / "predictions.csv")
    assert rows["row"].tolist() == [*range(1, 61)]
    with pytest.raises(ZooError, match="the data frame lacks the column `city`"):
        predict(task, data.drop(columns="city"))
    with pytest.raises(ZooError, match=r"source=nowhere.csv does not exist"):
        predict(task, "nowhere.csv")
    with pytest.raises(ZooError, match="give a file, or a data frame, not int"):
        predict(task, 3)


def test_as_many_outputs_as_quantiles():
    task = TableRegression(network=FirstNumber(), loss=Quantile(quantiles=[0.1, 0.5, 0.9]))
    with pytest.raises(ZooError, match="give model.network.num_classes=3"):
        task(torch.zeros(2, 4))
    network = MultilayerPerceptron(num_classes=3, in_features=4)
    task = TableRegression(network=network, loss=Quantile(quantiles=[0.1, 0.5, 0.9]), target_scale=2.0)
    outputs = network(torch.ones(1, 4)).sort().values
    assert task(torch.ones(1, 4)).item() == pytest.approx(2 * outputs[0, 1].item())


def test_the_exported_program_reads_the_numbers_of_the_file(tmp_path):
    data = frame()
    data.to_csv(tmp_path / "a.csv", index=False)
    source = table(tmp_path / "a.csv")
    source.setup()
    sizes = {name: source.metadata()[name] for name in ("in_features", "categories")}
    task = TableRegression(network=MultilayerPerceptron(num_classes=1, **sizes), loss=SquaredError(), target_scale=3.0)
    task.card = source.card()
    task.intervals.margin.fill_(2.0)
    exported = task.eval().export_program(format="onnx", with_preprocessing=True)
    assert exported.metadata["interval"] == {"level": 0.9, "margin": 6.0}  # in the units of the target
    program = exported.module
    days = (pd.to_datetime(data["sold"]) - pd.Timestamp("1970-01-01")).dt.days
    codes = data["city"].map({"Bern": 0, "Oslo": 1, "Rome": 2})
    rows = np.stack([data["size"], data["noise"], days, codes], axis=1)
    with torch.no_grad():
        found = program(torch.from_numpy(rows).float())[:, 0]
    expected = [result.value for result in predict(task, data)]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-4)


def test_a_column_that_matters_has_the_importance():
    inputs = np.random.default_rng(0).normal(size=(200, 4))
    groups = {"used": slice(0, 2), "noise": slice(2, 4)}
    found = permutation_importance(lambda rows: -float(np.abs(rows[:, 0] - inputs[:, 0]).mean()), inputs, groups, 0)
    assert found["used"].mean > 0.5
    assert found["noise"] == (0.0, 0.0)
