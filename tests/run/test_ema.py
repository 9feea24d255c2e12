import json

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from zoo.checkpoints.load import load, read
from zoo.run.build import build_data
from zoo.run.ema import MovingAverage


def test_the_average_soon_forgets_its_start():
    callback = MovingAverage(decay=0.99)
    layer = nn.Linear(1, 1, bias=False)
    averaged = AveragedModel(layer, use_buffers=True, **callback._kwargs)
    with torch.no_grad():
        layer.weight.fill_(100.0)
        averaged.update_parameters(layer)
        layer.weight.fill_(1.0)
        for _ in range(60):
            averaged.update_parameters(layer)
    assert abs(averaged.module.weight.item() - 1) < 0.1  # a plain decay of 0.99 would stand at 55


def test_what_is_tested_is_what_is_saved(command):
    run = command("train", "callbacks=ema", "trainer.max_epochs=2", "trainer.accelerator=cpu", "baselines=false").run
    best = run / "checkpoints" / "best.ckpt"
    saved = read(best)
    unaveraged = saved["current_model_state"]["network.features.0.weight"]
    assert not torch.equal(saved["state_dict"]["network.features.0.weight"], unaveraged)
    task = load(best)
    data = build_data(task.card["data"])
    images, labels = data.normalize(data.dataset("test")[torch.arange(len(data.dataset("test")))])
    accuracy = (task.predict_step(images).argmax(1) == labels).float().mean().item()
    assert abs(json.loads((run / "metrics.json").read_text())["test"]["accuracy"] - accuracy) < 1e-6
