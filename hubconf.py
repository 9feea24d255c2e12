"""Entry points of `torch.hub`: each model of the catalog, and `load` for a checkpoint, a folder or an address.

torch.hub.load("OWNER/REPOSITORY", "resnet50", pretrained="IMAGENET1K_V2", num_classes=17)
torch.hub.load("OWNER/REPOSITORY", "load", "hf://owner/name")
"""

from functools import partial, update_wrapper

from zoo import create_model, load
from zoo.config.listing import list_models

dependencies = ["torch", "torchvision", "pytorch_lightning", "hydra", "torchmetrics", "safetensors", "jaxtyping"]

__all__ = ["load", *list_models()]
# with the docstring of `create_model`, which torch.hub.help prints
globals().update({name: update_wrapper(partial(create_model, name), create_model) for name in list_models()})
