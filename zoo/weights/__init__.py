"""Weights that the recipes of this repository trained: a folder `MODEL/NAME` for each, as `zoo-share` writes it."""

from pathlib import Path

_ROOT = Path(__file__).resolve().parent


def shipped(model: str | None = None) -> list[str]:
    """Lists the weights in this package, such as `lenet5/mnist`: all, or those of one model."""
    found = (path.parent.relative_to(_ROOT).as_posix() for path in _ROOT.glob("*/*/model.safetensors"))
    return sorted(name for name in found if model in (None, name.partition("/")[0]))


def shipped_folder(name: str) -> Path | None:
    """Returns the folder of weights in this package; None if there are none of that name."""
    return _ROOT / name if name in shipped() else None
