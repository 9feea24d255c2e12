"""Networks of timm, where it is installed."""

import pytest
import torch

from zoo.errors import ZooError
from zoo.networks.timm import Timm

pytest.importorskip("timm")
pytestmark = pytest.mark.filterwarnings("ignore")  # timm's own


def test_classes_and_channels_are_those_of_the_data():
    network = Timm(architecture="resnet10t", num_classes=5, in_channels=1)
    assert network(torch.rand(2, 1, 64, 64)).shape == (2, 5)


def test_what_timm_lacks_is_named():
    with pytest.raises(ZooError, match="`architecture` .=resnet10x. is no network of timm"):
        Timm(architecture="resnet10x")
    with pytest.raises(ZooError, match="`options` .*unexpected keyword argument 'wid'"):
        Timm(architecture="resnet10t", options={"wid": 3})
