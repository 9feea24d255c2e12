"""Configurations of the catalog, each composed once in a test process."""

from functools import cache
from typing import Any

from omegaconf import DictConfig

from zoo.config.compose import compose, to_dict


@cache
def _composed(name: str) -> DictConfig:
    return compose([f"model={name}"])


def catalog_run(name: str) -> dict[str, Any]:
    """The configuration of `python train.py model=NAME`, a new copy for each call."""
    return to_dict(_composed(name))


def small_catalog_run(name: str) -> dict[str, Any]:
    """The same, with few scenes or ratings where they are generated, small styles, and few layers for texts."""
    config = catalog_run(name)
    few = {"num_users": 60, "num_items": 40, "num_ratings": 900}
    config["data"] |= {key: value for key, value in few.items() if key in config["data"]}
    if "vocab_size" in config["data"]:
        config["data"]["vocab_size"] = 300
        config["model"]["network"] |= {"num_layers": 1, "hidden_size": 64}
    if {"style", "styles"} & config["data"].keys():
        config["data"]["image_size"] = 64
    config["data"] |= {key: 40 for key in ("train_scenes", "val_scenes", "test_scenes") if key in config["data"]}
    return config
