"""Model files choose options of other groups; their numbers stay in those options."""

import re

import pytest
import yaml

from zoo.config.compose import compose
from zoo.config.listing import CONFIG_DIR, list_models, list_options

NAMES = list_models()


def read(name):
    return yaml.safe_load((CONFIG_DIR / "model" / f"{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_model_file_contains_only_choices_and_the_model(name):
    content = read(name)
    assert content.keys() <= {"defaults", "model", "published_as"}
    for entry in content["defaults"]:
        if isinstance(entry, dict):
            ((group, option),) = entry.items()
            assert group.startswith("override /")
            assert option in list_options(group.removeprefix("override /"))
        else:
            assert entry == "_self_" or entry in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_first_comment_describes_the_model_in_one_line(name):
    first, second, third = (CONFIG_DIR / "model" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[:3]
    assert first == "# @package _global_"
    assert re.fullmatch(r"# [A-Z].*\.", second)
    assert third == "defaults:"


@pytest.mark.parametrize("name", NAMES)
def test_a_variant_repeats_no_value_of_its_parent(name):
    content = read(name)
    for parent in (entry for entry in content["defaults"] if entry in NAMES):
        assert not restated(content["model"], read(parent).get("model", {})), f"{name} repeats {parent}"


@pytest.mark.parametrize("name", ["siamese_resnet50", "yolo_resnet50"])
def test_weights_of_a_backbone_are_published_under_its_name(name):
    assert compose([f"model={name}"])["published_as"] == "resnet50"


def restated(child, parent):
    """Keys that a variant sets to the value of its parent."""
    return [
        key
        for key, value in child.items()
        if (restated(value, parent[key]) if isinstance(value, dict) and key in parent else value == parent.get(key))
    ]
