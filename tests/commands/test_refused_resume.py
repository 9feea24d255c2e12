"""Resuming with other words: one line that says what to type, or the change that is made."""

import csv

from bad_input import QUICK


def test_resuming_another_model_or_nothing(command, trained):
    other = command("train", *QUICK, "seed=1", f"resume={trained}", "+model.network.activation=relu")
    assert other.code == 2
    assert "a checkpoint of another model; its `model.network.activation` is None, here it is relu" in other.err
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
