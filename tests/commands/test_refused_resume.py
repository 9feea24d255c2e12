"""Resuming with other words: one line that says what to type, or the change that is made."""

import csv

import pytest
from bad_input import QUICK

from zoo.optim import OneCycle
from zoo.run.callbacks import Interruption


def test_resuming_another_model_or_nothing(command, trained):
    other = command("train", *QUICK, "seed=1", f"resume={trained}", "+model.network.activation=relu")
    assert other.code == 2
    assert "a checkpoint of another model; its `model.network.activation` is tanh, here it is relu" in other.err
    nothing = command("train", *QUICK, "resume=auto", "runs=elsewhere")
    assert nothing.code == 2
    assert "resume=auto: no checkpoints/last.ckpt below" in nothing.err
    elsewhere = other.folder / "elsewhere" / "yolo-voc" / "1"
    for name, content in (
        ("checkpoints/last.ckpt", ""),
        (".hydra/overrides.yaml", "- model=yolo\n- data.root=my cells"),
    ):
        (elsewhere / name).parent.mkdir(parents=True)
        (elsewhere / name).write_text(content, encoding="utf-8")
    nothing = command("train", *QUICK, "resume=auto", "runs=elsewhere")
    assert nothing.err.endswith("yolo-voc/1: type model=yolo 'data.root=my cells' resume=auto\n")


def test_a_default_that_is_spelled_out_is_no_other_model(command, trained):
    words = ["seed=1", "trainer.max_epochs=3", "+model.network.activation=tanh", f"resume={trained}"]
    ended = command("train", *QUICK, *words, "hydra.run.dir=spelled")
    assert ended.code == 0, ended.err


def test_resuming_on_another_split_is_refused(command, trained):
    ended = command("train", *QUICK, "trainer.max_epochs=3", f"resume={trained}")
    assert ended.code == 2
    assert "a checkpoint of another data; its `data.seed` is 1, here it is 0" in ended.err


def test_a_limit_of_steps_counts_those_before(command, trained):
    """Lightning repeats the ended epoch instead, without a batch and with a loss of nan."""
    words = ["seed=1", "trainer.max_epochs=3", "+trainer.max_steps=40", "find_lr=true", f"resume={trained}"]
    ended = command("train", *QUICK, *words, "hydra.run.dir=limited")
    assert ended.code == 0, ended.err
    assert "find_lr=true: the learning rate of the resumed run stays, 0.005" in ended.out
    assert "epoch 2/3" in ended.out
    assert "nan" not in ended.out
    with (ended.folder / "limited" / "metrics.csv").open(encoding="utf-8") as file:
        assert max(int(row["step"]) for row in csv.DictReader(file)) == 40


@pytest.mark.parametrize(
    ("word", "steps", "end"),
    [
        ("+trainer.limit_train_batches=10", 10, 3),
        ("trainer.accumulate_grad_batches=4", 10, 3),
        ("+trainer.max_steps=45", 39, 1 + 6 / 39),
    ],
)
def test_the_schedule_continues_at_the_share_of_training_that_is_over(command, trained, monkeypatch, word, steps, end):
    """One epoch of 39 steps is over; counted in steps, a schedule of three epochs of ten has ended before."""
    rates = {}

    def note(self, trainer, *_):
        rates[trainer.global_step] = trainer.optimizers[0].param_groups[0]["lr"]

    monkeypatch.setattr(Interruption, "on_train_batch_end", note)
    ended = command("train", *QUICK, "seed=1", "trainer.max_epochs=3", word, f"resume={trained.parents[1]}")
    assert ended.code == 0, ended.err
    taken = [rates[step] for step in rates if step > 39]
    schedule = OneCycle(warmup=0.3, start=0.04, final=1e-4)
    expected = [0.005 * schedule((1 + (step + 1) / steps) / end) for step in range(round((end - 1) * steps))]
    assert taken == pytest.approx(expected, rel=1e-6)
    assert ("an epoch now has 10 steps: the schedule continues at 33% of its length" in ended.out) == (steps == 10)


def test_a_folder_is_resumed_from_its_last_checkpoint_or_refused(command, trained):
    ended = command("train", *QUICK, "seed=1", f"resume={trained.parent}")
    assert ended.code == 2
    assert ended.err.endswith(f"(={trained.parent}) is a folder without checkpoints/last.ckpt: give that of a run\n")
    assert "resuming" not in ended.out
    finished = command("train", *QUICK, "seed=1", f"resume={trained.parents[1]}")
    assert f"resume={trained}: that run is finished" in finished.err
