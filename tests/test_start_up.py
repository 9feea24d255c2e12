"""Help and error messages appear without importing torch."""

import subprocess
import sys

import pytest


def run(code, *words):
    watched = f"import sys; sys.argv = ['zoo-train', *{list(words)!r}]\n{code}"
    return subprocess.run([sys.executable, "-c", watched], capture_output=True, text=True, timeout=120)


AFTERWARDS = """
import atexit
heavy = ('torch', 'pytorch_lightning', 'numpy')
atexit.register(lambda: print('HEAVY', [name for name in heavy if name in sys.modules]))
from zoo.commands.train import main
main()
"""


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["--help"], 0, "The six commands people need first"),
        (["--cfg", "job"], 0, "max_epochs: 30"),
        (["model=resnet5"], 2, "unknown model `resnet5`: did you mean `resnet50`"),
        (["trainer.max_epoch=3"], 2, "did you mean `trainer.max_epochs`"),
        (["+trainer.max_epoch=3"], 2, "did you mean `trainer.max_epochs`"),
        (["+nothing.reads.this=3"], 2, "unknown key `nothing`"),
        (["trainer.max_epochs=many"], 2, "`trainer.max_epochs` (=many) must be a number, such as 30"),
        (["optimizer.lr=abc"], 2, "`optimizer.lr` (=abc) must be a number, such as 0.005"),
        (["data.batch_size=2.5"], 2, "`data.batch_size` (=2.5) must be a whole number, such as 32"),
        (["model=gru", "+model.network.num_layers=two"], 2, "`model.network.num_layers` (=two) must be a whole number"),
        (["model=gru", "+model.loss.x=3"], 2, "unknown key `model.loss.x`: there are: none"),
        (["model=siamese", "data.val=5"], 2, "`data.val` (=5) must be a list, such as [5]"),
        (["deterministic=perhaps"], 2, "`deterministic` (=perhaps) must be true or false"),
    ],
)
def test_a_command_answers_without_importing_torch(words, code, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = run(AFTERWARDS, *words)
    assert ended.returncode == code, ended.stderr
    assert expected in ended.stdout + ended.stderr
    assert "HEAVY []" in ended.stdout
    assert len(ended.stderr.splitlines()) == (0 if code == 0 else 1)
    assert not list(tmp_path.rglob("*.yaml")), "a refused command leaves no run directory"


def test_help_names_models_and_data():
    out = run(AFTERWARDS, "--help").stdout
    for word in ("lenet5", "resnet50", "digits", "image_folder", "python train.py resume=auto"):
        assert word in out


def test_importing_zoo_imports_nothing_heavy():
    ended = run("import zoo; print([n for n in ('torch', 'hydra') if n in sys.modules], 'load' in dir(zoo))")
    assert ended.stdout.strip() == "[] True"


def test_an_unknown_name_of_the_package_is_named():
    ended = run("import zoo\ntry: zoo.nothing\nexcept AttributeError as e: print(e)")
    assert "module 'zoo' has no attribute 'nothing'; it has" in ended.stdout
