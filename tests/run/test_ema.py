import json

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

import zoo
from zoo.checkpoints.load import load, read
from zoo.run.build import build_data
from zoo.run.ema import ExponentialAverage


class Buffered(nn.Module):
    """A weight, a running statistic, a count and a threshold."""

    threshold: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(1)
        self.register_buffer("threshold", torch.tensor(float("-inf")))


def lerped_one_by_one(model: nn.Module, updates: int, decay: float, states: list[dict[str, Tensor]]) -> dict:
    """The average of `states`, tensor by tensor, in single precision."""
    average = {name: value.clone() for name, value in states[0].items()}
    for count in range(1, updates):
        keep = min(decay, (1 + count) / (10 + count))
        for name, value in average.items():
            lerped = torch.lerp(value.float(), states[count][name].float(), 1 - keep)
            value.copy_(lerped.to(value.dtype) if value.is_floating_point() else states[count][name])
    return average


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_average_equals_a_loop_over_tensors(dtype):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Linear(6, 4)).to(dtype)
    average, states = ExponentialAverage(model, decay=0.4), []
    for _ in range(12):
        for value in model.state_dict().values():
            value.copy_(torch.randn(value.shape) * 10)
        states.append({name: value.clone() for name, value in model.state_dict().items()})
        average.update_parameters(model)
    expected = lerped_one_by_one(model, 12, 0.4, states)
    for name, value in average.module.state_dict().items():
        assert torch.equal(value, expected[name]), name


def test_the_average_soon_forgets_its_start():
    layer = nn.Linear(1, 1, bias=False)
    average = ExponentialAverage(layer, decay=0.99)
    with torch.no_grad():
        layer.weight.fill_(100.0)
        average.update_parameters(layer)
        layer.weight.fill_(1.0)
        for _ in range(60):
            average.update_parameters(layer)
    assert abs(average.module.weight.item() - 1) < 0.1  # a plain decay of 0.99 would stand at 55


def test_counts_and_named_buffers_are_copied():
    model = Buffered()
    average = ExponentialAverage(model, decay=0.99, not_averaged=frozenset({"threshold"}))
    for value in (1.0, 2.0):
        model.threshold.fill_(value)
        model.norm.running_mean.fill_(value)
        model.norm.num_batches_tracked.fill_(int(value) * 7)
        average.update_parameters(model)
    assert average.module.threshold == 2.0
    assert average.module.norm.num_batches_tracked == 14
    assert 1.0 < average.module.norm.running_mean < 2.0
    model.threshold.fill_(3.0)
    average.copy_not_averaged(model)
    assert average.module.threshold == 3.0
    assert average.module.norm.running_mean < 2.0


def test_the_count_of_updates_is_restored():
    model = nn.Linear(2, 2)
    average, resumed = (ExponentialAverage(model, decay=0.99) for _ in range(2))
    for _ in range(3):
        average.update_parameters(model)
    resumed.load_state_dict(average.state_dict())
    assert resumed.updates == 3


class Reads(TorchDispatchMode):
    """Counts values that are read into Python, for which a GPU would have to finish all its work."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


def test_an_update_reads_no_value():
    task = zoo.create_model("resnet18")
    average = ExponentialAverage(task, decay=0.99)
    with Reads() as reads:
        int(torch.ones(()))
        assert reads.count == 1
        for _ in range(2):
            average.update_parameters(task)
    assert reads.count == 1


def test_what_is_tested_is_what_is_saved(command):
    run = command("train", "callbacks=ema", "trainer.max_epochs=2", "trainer.accelerator=cpu", "baselines=false").run
    best = run / "checkpoints" / "best.ckpt"
    saved = read(best)
    unaveraged = saved["current_model_state"]["network.features.0.weight"]
    assert not torch.equal(saved["state_dict"]["network.features.0.weight"], unaveraged)
    task = load(best)
    data = build_data(task.card["data_config"])
    images, labels = data.normalize(data.dataset("test")[torch.arange(len(data.dataset("test")))])
    accuracy = (task.predict_step(images).argmax(1) == labels).float().mean().item()
    assert abs(json.loads((run / "metrics.json").read_text())["test"]["accuracy"] - accuracy) < 1e-6
