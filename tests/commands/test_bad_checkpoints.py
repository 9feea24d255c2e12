"""Missing, truncated, mismatched and hostile checkpoints."""

import os
from pathlib import Path

import pytest
import torch
from bad_input import QUICK

from zoo.checkpoints.load import load
from zoo.errors import ZooError
from zoo.run.training_state import progress_of, require_training_state


def test_a_checkpoint_of_another_model(refused, trained):
    line = refused("model=resnet18", f"resume={trained}", *QUICK)
    message = "a checkpoint of another model, lenet5: model=lenet5 resumes it; here it is resnet18"
    assert line == f"resume={trained}: {message}"
    line = refused("model=resnet18", f"pretrained={trained}", *QUICK)
    assert line.startswith("last.ckpt (lenet5) does not fit ResNet: conv1.weight 64×")


def test_a_finished_run(refused, trained):
    assert refused(f"resume={trained}", *QUICK, "seed=1") == (
        f"resume={trained}: that run is finished, epoch 1 of 1; to train on, raise trainer.max_epochs above 1"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("predict", ["checkpoint=cut.ckpt", "source=pets"]),
        ("evaluate", ["checkpoint=cut.ckpt"]),
        ("train", ["resume=cut.ckpt", *QUICK]),
        ("train", ["pretrained=cut.ckpt", *QUICK]),
    ],
)
def test_a_truncated_checkpoint(refused, trained, tmp_path, pets, name, words):
    (tmp_path / "cut.ckpt").write_bytes(trained.read_bytes()[:5000])
    assert refused(*words, name=name) == "cut.ckpt cannot be read: it is cut short or damaged"


class Hostile:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("predict", ["checkpoint=hostile.ckpt", "source=pets"]),
        ("evaluate", ["checkpoint=hostile.ckpt"]),
        ("train", ["resume=hostile.ckpt", *QUICK]),
        ("train", ["pretrained=hostile.ckpt", *QUICK]),
    ],
)
def test_a_pickle_that_would_run_code_does_not(refused, tmp_path, pets, name, words, zipped):
    content = {"zoo": Hostile(tmp_path / "it-ran")}
    torch.save(content, tmp_path / "hostile.ckpt", _use_new_zipfile_serialization=zipped)
    line = refused(*words, name=name)
    assert line.startswith("hostile.ckpt is refused: it is no checkpoint, or holds code")
    assert "(`posix.mkdir`)" in line
    assert not (tmp_path / "it-ran").exists()
    torch.load(tmp_path / "hostile.ckpt", weights_only=False)
    assert (tmp_path / "it-ran").exists(), "the file is not as hostile as it should be"


def test_missing_files(refused, trained, pets):
    assert refused("checkpoint=none.ckpt", "source=pets", name="predict") == "none.ckpt does not exist"
    assert refused(f"checkpoint={trained}", "source=none", name="predict") == "source=none does not exist"
    line = refused(f"checkpoint={trained}", name="predict")
    assert line == "`source` is not given: add source=… to the command"
    line = refused(f"checkpoint={trained}", "source=pets", "batch_size=x", name="predict")
    assert line == "`batch_size` (=x) must be a whole number"
    line = refused(f"checkpoint={trained}", "source=pets", "horizon=3", name="predict")
    assert line == "`horizon` means nothing to a classification model; it takes: batch_size, tta, probabilities"
    line = refused(f"checkpoint={trained}", "nms=true", name="export")
    assert line == "`nms` means nothing to a classification model; it takes no options"
    line = refused(f"chekpoint={trained}", "source=pets", name="predict")
    assert line == "unknown key `chekpoint`: did you mean `checkpoint`?"


STATES = {
    "no loops": (lambda c: c.pop("loops"), "it holds a model, but not the state of its training"),
    "no optimizer": (lambda c: c.pop("optimizer_states"), "it holds no state of an optimizer: give pretrained="),
    "empty optimizer": (lambda c: c.update(optimizer_states=[]), "it holds no state of an optimizer"),
    "no moments": (lambda c: c.update(optimizer_states=[{}]), "the state of its optimizer is none"),
    "epochs": (lambda c: current(c).update(processed=10**12), "1000000000000 is no number of epochs or steps"),
    "negative": (lambda c: current(c).update(processed=-1), "-1 is no number of epochs or steps"),
    "steps": (lambda c: c.update(global_step=2.5), "2.5 is no number of epochs or steps"),
    "row": (lambda c: last_row(c).update({"=cmd": 1}), "its row of metrics.csv holds other values than numbers"),
    "cell": (lambda c: last_row(c).update({"train/loss": "=cmd"}), "its row of metrics.csv holds other values"),
}


def current(content):
    return content["loops"]["fit_loop"]["epoch_progress"]["current"]


def last_row(content):
    return next(state["row"] for key, state in content["callbacks"].items() if key.startswith("BestAndLast"))


@pytest.mark.parametrize("name", STATES)
def test_a_state_of_training_that_is_none(trained, name):
    change, message = STATES[name]
    content, task = torch.load(trained, weights_only=True), load(trained)
    progress_of(content, trained)
    require_training_state(content, task, trained)
    change(content)
    with pytest.raises(ZooError, match=message):
        require_training_state(content, task, progress_of(content, trained).path)
