"""The peers do the same work as ours."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from benchmarks.plain_loop import PlainLoop
from benchmarks.settings import Settings
from benchmarks.suites import inference
from benchmarks.suites.windows import shuffled
from benchmarks.synthetic import RandomImages
from torch import nn
from torch.nn import functional as F

from zoo.config.compose import compose, to_dict
from zoo.run.build import build_data

CPU = torch.device("cpu")
BATCH, CLASSES, SIZE = 4, 3, 6


class Recorder(nn.Module):
    """A linear network that keeps its inputs."""

    def __init__(self, channels, size):
        super().__init__()
        self.linear = nn.Linear(channels * size * size, CLASSES)
        self.inputs = []

    def forward(self, images):
        self.inputs.append(images)
        return self.linear(images.flatten(1))


@pytest.mark.parametrize("padding", [0, 2])
def test_the_plain_loop_trains_on_the_normalized_images(padding):
    data = RandomImages(size=SIZE, channels=3, num_classes=CLASSES, count=10, batch_size=BATCH)
    data.setup()
    data.preprocessing = replace(data.preprocessing, mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    config = to_dict(compose(["optimizer=sgd", "scheduler=constant"]))
    torch.manual_seed(0)
    network = Recorder(3, SIZE + 2 * padding)
    loop = PlainLoop(network, data, config, CPU, steps=3, padding=padding)
    before = network.linear.weight.detach().clone()
    torch.manual_seed(1)
    order = torch.randperm(10).split(BATCH)[:2]  # what is left over is no full batch
    torch.manual_seed(1)
    loop()
    loop()
    images, labels = data.dataset("train").images, data.dataset("train").labels
    padded = F.pad(images, [padding] * 4)
    expected = [data.normalize((padded[rows], labels[rows]))[0] for rows in reversed(order)]
    torch.testing.assert_close(network.inputs, expected)
    assert not torch.equal(network.linear.weight, before)
    assert loop.order == []


@pytest.mark.parametrize(("factor", "note"), [(1.0, "; same logits"), (1.25, "; logits apart by 2e-01 of the largest")])
def test_networks_that_answer_otherwise_are_reported(tmp_path, monkeypatch, factor, note):
    monkeypatch.setattr(inference, "SIZE", SIZE)
    settings = Settings(device=CPU, repeats=1, seconds=1.0, quick=True, data_root=tmp_path, scratch=tmp_path)
    task, theirs = Recorder(3, SIZE), Recorder(3, SIZE)
    theirs.load_state_dict({name: factor * value for name, value in task.state_dict().items()})
    found = inference._compare(task, theirs, settings, 2, partial(torch.no_grad))
    assert found.note.endswith(note)


def test_the_loader_of_windows_gives_each_window_once_in_random_order():
    count = 600
    data = build_data(to_dict(compose(["model=gru", f"data.windows_per_epoch={count}"]))["data"])
    series = data.dataset("train").series
    first = torch.cat([history[:, 0, 0] for history, _ in shuffled(data, count)])
    assert sorted(first.tolist()) == sorted(series[:count, 0].tolist())
    assert first.tolist() != series[:count, 0].tolist()
    history, future = next(iter(shuffled(data, count)))
    ours = next(iter(data.train_dataloader()))
    assert (history.shape, future.shape) == (ours[0].shape, ours[1].shape)
