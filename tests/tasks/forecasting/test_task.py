import subprocess
import sys

import pytest
import torch
from torch import nn

from zoo.data.series.windows import WindowBatch
from zoo.errors import ZooError
from zoo.losses.forecasting import SquaredError
from zoo.losses.quantile import Quantile
from zoo.networks.naive_forecasters import NaiveDrift, NaiveLast
from zoo.networks.recurrent import RecurrentForecaster
from zoo.tasks.forecasting import Forecasting

CENTER, SCALE = [5.0, 100.0], [2.0, 30.0]


def task(network: nn.Module | None = None, **changes) -> Forecasting:
    network = network or RecurrentForecaster(in_channels=2, out_channels=2, horizon=3, hidden_size=8)
    options = {"loss": SquaredError(), "horizon": 3, "in_channels": 2, "out_channels": 2}
    options |= {"center": CENTER, "scale": SCALE, "naive_error": [1.0, 1.0]}
    return Forecasting(network=network, **(options | changes))


def windows(count: int = 6, context: int = 10) -> WindowBatch:
    series = torch.randn(count, context + 3, 2, dtype=torch.float64) * torch.tensor(SCALE) + torch.tensor(CENTER)
    return WindowBatch(series[:, :context], series[:, context:], None)


def validated(model: Forecasting, batch: WindowBatch) -> Forecasting:
    model.validation_step(batch, 0)
    model.log_dict = lambda *_, **__: None
    model.on_validation_epoch_end()
    return model


def test_the_network_reads_and_answers_in_standardized_units():
    model, batch = task(), windows()
    inputs = ((batch.history - torch.tensor(CENTER)) / torch.tensor(SCALE)).float()
    expected = model.network(inputs)[..., 0] * torch.tensor(SCALE) + torch.tensor(CENTER)
    assert torch.allclose(model(batch.history).float(), expected, atol=1e-4)
    target = ((batch.future - torch.tensor(CENTER)) / torch.tensor(SCALE)).float()
    assert torch.allclose(model.step(batch, "train"), SquaredError()(model.network(inputs), target))


def test_large_offsets_lose_no_digits():
    model = task(NaiveDrift(out_channels=2, horizon=3), center=[1e9, 1e9], scale=[1.0, 1.0])
    history = 1e9 + torch.arange(10.0, dtype=torch.float64).view(1, 10, 1).expand(1, 10, 2)
    expected = 1e9 + torch.tensor([10.0, 11.0, 12.0], dtype=torch.float64)
    assert torch.equal(model(history)[0, :, 0], expected)


def test_loss_on_the_last_half_equals_a_loop_over_shorter_windows():
    model, batch = task(train_on="last_half"), windows()
    standard = torch.cat([batch.history, batch.future], 1)
    standard = ((standard - torch.tensor(CENTER)) / torch.tensor(SCALE)).float()
    errors = []
    for end in range(6, 11):
        errors.append((model.network(standard[:, :end])[..., 0] - standard[:, end : end + 3]).square().mean())
    assert torch.allclose(model.step(batch, "train"), torch.stack(errors).mean(), atol=1e-6)


def test_intervals_come_from_the_residuals_of_the_validation():
    model = task(NaiveLast(out_channels=2, horizon=3), interval=0.8)
    batch = windows(count=99)
    unbounded = model.predict_step(batch)
    assert unbounded.lower.isneginf().all()
    assert unbounded.upper.isposinf().all()
    validated(model, batch)
    residuals = (batch.future - batch.history[:, -1:]).sort(dim=0).values
    forecast = model.predict_step(batch)
    assert torch.allclose(forecast.lower - forecast.value, residuals[9].expand(99, -1, -1), atol=1e-4)
    assert torch.allclose(forecast.upper - forecast.value, residuals[89].expand(99, -1, -1), atol=1e-4)


def test_the_intervals_and_the_scale_travel_with_the_weights():
    model = validated(task(), windows())
    copy = task(center=[0.0, 0.0], scale=[1.0, 1.0])
    copy.load_state_dict(model.state_dict())
    batch = windows()
    for ours, theirs in zip(model.predict_step(batch), copy.predict_step(batch), strict=True):
        assert torch.equal(ours, theirs)


def test_quantiles_are_the_interval_and_never_cross():
    network = RecurrentForecaster(in_channels=2, out_channels=2, horizon=3, hidden_size=8, num_quantiles=3)
    model = task(network, loss=Quantile(quantiles=[0.05, 0.5, 0.95]))
    forecast = model.predict_step(windows())
    assert (forecast.quantiles.diff(dim=-1) >= 0).all()
    assert torch.equal(forecast.lower, forecast.quantiles[..., 0])
    assert torch.equal(forecast.upper, forecast.quantiles[..., 2])


COMPILED = """
import copy, functools, torch
from torch._dynamo.utils import counters
from zoo.run.build import prepare_network
from zoo.run.create import create_model
from zoo.data.series.windows import WindowBatch
torch.compile = functools.partial(torch.compile, backend="eager")  # with all but the C++ compiler
batch = WindowBatch(torch.randn(4, 32, 1), torch.randn(4, 1, 1), None)
plain = create_model("gru").train()
compiled = copy.deepcopy(plain)
prepare_network(compiled, channels_last=False, compiled=True)
losses = [task.step(batch, "train") for task in (plain, compiled)]
assert counters["stats"]["unique_graphs"], "nothing was compiled"
torch.testing.assert_close(*losses)
for loss in losses:
    loss.backward()
for ours, theirs in zip(compiled.parameters(), plain.parameters(), strict=True):
    torch.testing.assert_close(ours.grad, theirs.grad)
other = copy.deepcopy(compiled)
torch.nn.init.zeros_(other.network.output.weight)
assert other.step(batch, "train") != losses[1]
print(counters["stats"]["calls_captured"])
"""


@pytest.mark.slow
def test_the_forecasts_after_every_step_are_compiled_too():
    ended = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True)  # without checks of shapes
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) < 50  # the layer itself, which torch does not compile, has some hundred


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"interval": 1.0}, r"`model.interval` \(=1.0\) must lie within \(0, 1\)"),
        ({"train_on": "all"}, r"`model.train_on` \(=all\) must be one of: last, last_half"),
        ({"network": NaiveLast(out_channels=2, horizon=3), "train_on": "last_half"}, "needs a recurrent network"),
        (
            {"network": RecurrentForecaster(in_channels=2, bidirectional=True), "train_on": "last_half"},
            r"goes with bidirectional=false: the backward pass sees the answers; set model.train_on=last",
        ),
        ({"loss": Quantile(quantiles=[0.1, 0.5, 0.9])}, r"`model.network.num_quantiles` \(=1\) must be 3"),
    ],
)
def test_what_it_refuses(changes: dict, message: str):
    with pytest.raises(ZooError, match=message):
        task(**changes)


def test_differences_are_advised_where_a_naive_forecast_is_better():
    assert task().advice(["linear"]) == []
    (line,) = task().advice(["linear", "naive_last"])
    assert line.startswith("try data.difference_input=true: naive_last is better")
    shape = {"in_channels": 2, "out_channels": 2, "horizon": 3, "hidden_size": 8}
    assert task(RecurrentForecaster(**shape, difference_input=True)).advice(["naive_last"]) == []
