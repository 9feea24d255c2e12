import pytest
import torch
from torch import nn

from zoo.errors import ZooError
from zoo.networks.lenet import LeNet5
from zoo.pretrained.catalog import Source
from zoo.pretrained.transfer import load_pretrained
from zoo.run.create import create_model


def renamed(network: nn.Module) -> Source:
    """The state dict of a stranger's script: the same layers under other names."""
    words = {"features.0": "conv1", "features.3": "conv2", "classifier.1": "fc1", "classifier.3": "fc2"}
    words["classifier.5"] = "fc3"
    state = {f"{words[key.rpartition('.')[0]]}.{key.rpartition('.')[2]}": v for key, v in network.state_dict().items()}
    return Source(label="lenet.pt", state=state, class_names=None, preprocessing=None)


def test_layers_of_other_names_are_matched_by_order_and_shape_on_request():
    theirs, task = LeNet5(), create_model("lenet5")
    with pytest.raises(ZooError, match="fit by order and shape: match_weights=order takes them so"):
        load_pretrained(task, renamed(theirs))
    lines = load_pretrained(task, renamed(theirs), match="order")
    assert lines[0] == "loaded: 10 tensors of lenet.pt"
    assert lines[3].startswith("matched by order and shape: conv1.weight → features.0.weight, conv1.bias → ")
    images = torch.rand(2, 1, 32, 32)
    assert torch.equal(task(images), theirs(images))
    seven = create_model("lenet5", num_classes=7)
    assert "classifier.5 10→7" in load_pretrained(seven, renamed(theirs), match="order")[1]
    with pytest.raises(ZooError, match=r"conv1.weight \(6, 1, 5, 5\) of lenet.pt would be features.0.weight"):
        load_pretrained(create_model("lenet5", in_channels=3), renamed(theirs), match="order")
    with pytest.raises(ZooError, match="has 10 tensors, and ResNet has 102, so their order tells nothing"):
        load_pretrained(create_model("resnet18"), renamed(theirs), match="order")
