"""Weights of a network inside another module."""

import pytest
import torch
from torch import nn

from zoo.errors import ZooError
from zoo.pretrained.catalog import Source
from zoo.pretrained.destination import destination

NETWORK = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2, 3))
OWN = NETWORK.state_dict()


def below(*prefixes, **more):
    state = {f"{prefix}{key}": tensor for prefix in prefixes for key, tensor in OWN.items()}
    source = Source(label="net.pth", state=state | more, class_names=None, preprocessing=None)
    return destination(NETWORK, source)[1]


@pytest.mark.parametrize("prefix", ["encoder.", "module.encoder_q.", "_forward_module.model.", "base.model.net."])
def test_a_network_is_found_below_any_prefix(prefix):
    found = below(prefix)
    assert found.state.keys() == OWN.keys()
    assert not found.left_out


def test_tensors_beside_it_are_left_out():
    beside = {"train_acc.tp": torch.ones(1), "class_weights": torch.ones(3), "ema.0.weight": torch.ones(2)}
    found = below("model.", **beside)
    assert found.state.keys() == OWN.keys()
    assert list(found.left_out) == list(beside)
    found = below("", n_averaged=torch.ones(1), **{"0.total_ops": torch.ones(1)})
    assert list(found.left_out) == ["n_averaged", "0.total_ops"]


def test_the_model_is_taken_before_its_average_and_other_copies_are_refused():
    found = below("ema_model.", "model.")
    assert found.state.keys() == OWN.keys()
    assert found.left_out[0] == "ema_model.0.weight"
    with pytest.raises(ZooError, match=r"net.pth holds several networks: student, teacher"):
        below("student.", "teacher.")
