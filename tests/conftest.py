"""Shared fixtures: run a command, use one thread."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from zoo import signals


@dataclass(frozen=True)
class Ended:
    """The exit code and output of a command."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def run(self) -> Path:
        """The only run directory that it left."""
        (found,) = {path.parent for path in (self.folder / "runs").rglob(".hydra")}
        return found


Command = Callable[..., Ended]


def _blank(figure: Figure, path: Path, **_: object) -> None:
    Image.new("L", (1, 1)).save(path, format="PNG")


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> Command:
    """Runs a command of the zoo in this process, in an empty folder: `command("train", "seed=1")`.

    Its figures are laid out and not rendered, which takes half of a short run; tests of reports render them.
    """
    savefig = Figure.savefig

    def run(name: str, *words: str, folder: Path = tmp_path, rendered: bool = False) -> Ended:
        monkeypatch.setattr(Figure, "savefig", savefig if rendered else _blank)
        main = __import__(f"zoo.commands.{name}", fromlist=["main"]).main
        folder.mkdir(exist_ok=True, parents=True)
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", [f"zoo-{name}", *words])
        monkeypatch.setattr(sys, "path", [*sys.path])
        monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            signals.release()
        out, err = capfd.readouterr()
        return Ended(code, out, err, folder)

    return run


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Small tensors are slower on several threads, and several tests may share the cores."""
    torch.set_num_threads(1)
