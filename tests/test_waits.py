"""A training step gives a GPU no reason to wait, as far as a CPU can tell."""

import pytest
import torch
from device_waits import Waits, small_run, train_within

EXPECTED = {
    # a step of the default training of a model: the waits in it, and why
    "lenet5": (0, ""),
    "googlenet": (0, ""),
    "landmarks": (0, ""),
    "gru": (0, ""),
    "gru_quantile": (0, ""),
    "siamese": (2, "the pairs of an identity, and the triplets among them"),
    "yolo": (2, "the assignment of objects on each of two levels"),
}
SMALL = {"yolo": ["data.train_scenes=50"], "landmarks": ["data.train_scenes=100"], "googlenet": ["data.batch_size=4"]}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_step_of_the_default_training_waits_as_often_as_stated(name, tmp_path):
    waits = Waits()
    train_within(small_run([f"model={name}", "trainer=cpu", *SMALL.get(name, [])], tmp_path), waits)
    count, why = EXPECTED[name]
    assert len(waits.found) == count, (why, waits.found)


def test_a_planted_wait_is_found(tmp_path, monkeypatch):
    run = small_run(["model=lenet5", "trainer=cpu", "callbacks=ema"], tmp_path)
    step = run.task.step

    def reads_the_loss(batch, stage):
        loss = step(batch, stage)
        assert loss.item() > 0
        return loss

    monkeypatch.setattr(run.task, "step", reads_the_loss)
    waits = Waits()
    train_within(run, waits)
    (found,) = waits.found
    assert "the value of a tensor" in found


def test_masks_and_values_wait_and_the_rest_does_not():
    values, mask = torch.arange(4.0), torch.tensor([True, False, True, False])
    with Waits() as waits:
        values[mask]
        values.masked_select(mask)
        mask.nonzero()
        values[0].item()
        bool(mask[0])
    assert len(waits.found) == 5
    with Waits() as waits:
        values[torch.tensor([0, 2])]
        torch.where(mask, values, 0.0).sum()
        values[mask] = 1.0
    assert waits.found == []
