"""Fixtures for tests of bad input: a command that must fail, a folder of images, a checkpoint."""

from collections.abc import Callable
from pathlib import Path

import pytest
from bad_input import QUICK, write_images


@pytest.fixture
def refused(command) -> Callable[..., str]:
    """Run a command, by default `train`, that must exit with code 2; return its one line on stderr."""

    def run(*words: str, name: str = "train") -> str:
        ended = command(name, *words)
        assert ended.code == 2, ended.out + ended.err
        lines = ended.err.splitlines()
        assert len(lines) == 1, ended.err
        assert lines[0].startswith(f"zoo-{name}: ")
        return lines[0].removeprefix(f"zoo-{name}: ")

    return run


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Two classes with six images each."""
    write_images(tmp_path / "pets" / "cat")
    write_images(tmp_path / "pets" / "dog")
    return tmp_path / "pets"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last checkpoint of a run of one epoch, with seed 1."""
    from zoo.config.compose import compose, to_dict
    from zoo.run.train import train

    run = tmp_path_factory.mktemp("trained") / "runs" / "lenet5-digits" / "1"
    config = to_dict(compose([*QUICK, "seed=1", f"runs={run.parents[1]}"]))
    config.pop("hydra", None)
    train(config, run, model="lenet5", data="digits")
    return run / "checkpoints" / "last.ckpt"
