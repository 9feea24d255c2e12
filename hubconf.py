"""Entry points of `torch.hub`: each model of the catalog, and `load` for a checkpoint, a folder or an address.

torch.hub.load("OWNER/REPOSITORY", "resnet50", pretrained="IMAGENET1K_V2", num_classes=17)
torch.hub.load("OWNER/REPOSITORY", "load", "hf://owner/name")
"""

from functools import partial

from zoo import create_model, load
from zoo.config.listing import list_models

dependencies = ["torch", "torchvision", "pytorch_lightning", "hydra", "torchmetrics", "safetensors", "jaxtyping"]

__all__ = ["load", *list_models()]
globals().update({name: partial(create_model, name) for name in list_models()})
