"""A PyTorch model zoo: train, load and fine-tune published networks from one set of configurations.

Public names are imported on first use, so that `import zoo` does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.checkpoints.load import load as load
    from zoo.data.images.base import Preprocessing as Preprocessing
    from zoo.errors import ZooError as ZooError
    from zoo.run.catalog import list_models as list_models
    from zoo.run.catalog import list_weights as list_weights
    from zoo.run.create import create_data as create_data
    from zoo.run.create import create_model as create_model
    from zoo.run.create import create_network as create_network
    from zoo.run.features import features as features
    from zoo.run.fill_mask import fill_mask as fill_mask
    from zoo.run.model_card import card as card
    from zoo.run.predict import predict as predict
    from zoo.run.trained import train as train

_HOMES = {
    "Preprocessing": "zoo.data.images.base",
    "ZooError": "zoo.errors",
    "card": "zoo.run.model_card",
    "create_data": "zoo.run.create",
    "create_model": "zoo.run.create",
    "create_network": "zoo.run.create",
    "features": "zoo.run.features",
    "fill_mask": "zoo.run.fill_mask",
    "list_models": "zoo.run.catalog",
    "list_weights": "zoo.run.catalog",
    "load": "zoo.checkpoints.load",
    "predict": "zoo.run.predict",
    "train": "zoo.run.trained",
}
__all__ = [
    "Preprocessing",
    "ZooError",
    "card",
    "create_data",
    "create_model",
    "create_network",
    "features",
    "fill_mask",
    "list_models",
    "list_weights",
    "load",
    "predict",
    "train",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
