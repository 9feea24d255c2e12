"""Resuming with another model, other data or nothing: one line that says what to type."""

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
