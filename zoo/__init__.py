"""A PyTorch model zoo: train, load and fine-tune published networks from one set of configurations.

Public names are imported on first use, so that `import zoo` does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.checkpoints.load import load as load
    from zoo.config.listing import list_models as list_models
    from zoo.errors import ZooError as ZooError
    from zoo.run.create import create_model as create_model
    from zoo.run.predict import predict as predict

_HOMES = {
    "ZooError": "zoo.errors",
    "create_model": "zoo.run.create",
    "list_models": "zoo.config.listing",
    "load": "zoo.checkpoints.load",
    "predict": "zoo.run.predict",
}
__all__ = ["ZooError", "create_model", "list_models", "load", "predict"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
