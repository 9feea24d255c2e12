"""A model in one safetensors file: tied weights are stored once."""

import json

import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import zoo
from zoo.checkpoints.load import load
from zoo.checkpoints.safetensors_file import write_safetensors
from zoo.errors import ZooError


@pytest.fixture(scope="module")
def task():
    return zoo.create_model("bert_tiny")


@pytest.fixture(scope="module")
def file(task, tmp_path_factory):
    path = tmp_path_factory.mktemp("tied") / "model.safetensors"
    write_safetensors(task, path)
    return path


def test_the_words_of_a_language_model_are_stored_once(task, file):
    stored, state = load_file(file), task.state_dict()
    (second,) = state.keys() - stored.keys()
    assert (
        sum(tensor.numel() for tensor in stored.values())
        == sum(tensor.numel() for tensor in state.values()) - state[second].numel()
    )
    found = load(file)
    for key, value in found.state_dict().items():
        assert value.equal(state[key]), key
    parameters = [parameter for parameter in found.parameters() if parameter.shape == state[second].shape]
    assert len(parameters) == 1


@pytest.mark.parametrize(
    "tied", [{"network.other": "network.missing"}, ["network.other"], {"network.other": [1]}, "stored"]
)
def test_names_that_point_nowhere_or_hide_a_tensor_are_one_line(tied, file, tmp_path):
    if tied == "stored":
        tied = dict([sorted(load_file(file))[:2]])
    with safe_open(file, framework="pt") as opened:
        description = json.loads(opened.metadata()["zoo"]) | {"tied": tied}
    path = tmp_path / "model.safetensors"
    save_file(load_file(file), path, metadata={"zoo": json.dumps(description)})
    with pytest.raises(ZooError, match="model.safetensors cannot be read"):
        load(path)
