"""The networks of style transfer."""

import pytest
import torch
from torch import nn

from zoo.errors import ZooError
from zoo.networks.stylization import ConditionalDecoder, StyleDecoder, TransformNetwork


def test_the_decoder_of_the_paper():
    with torch.device("meta"):
        decoder = StyleDecoder()
    assert sum(parameter.numel() for parameter in decoder.parameters()) == 3_505_219
    convolutions = [name for name in decoder.state_dict() if name.endswith("weight")]
    assert convolutions == [f"{place}.weight" for place in (1, 5, 8, 11, 14, 18, 21, 25, 28)]  # those of its code
    assert decoder(torch.rand(2, 512, 8, 11, device="meta")).shape == (2, 3, 64, 88)


def test_a_conditional_decoder_without_conditions_is_a_decoder_with_instance_norms():
    torch.manual_seed(0)
    decoder = ConditionalDecoder(channels=12, widths=(8, 12), convolutions=(2, 1))
    maps = 3 * torch.randn(2, 12, 5, 6) + 1
    found = decoder(maps)
    assert found.shape == (2, 3, 10, 12)
    assert (decoder(2 * maps) - found).abs().max() > 1e-3  # the moments of the maps count
    nn.init.zeros_(decoder.conditions.weight)
    nn.init.zeros_(decoder.conditions.bias)
    torch.testing.assert_close(decoder(2 * maps - 5), decoder(maps), rtol=0, atol=1e-4)
    plain = nn.Sequential()
    for layer in [*decoder][:-1]:
        plain.append(layer)
        if isinstance(layer, nn.Conv2d) and layer.out_channels > 3:
            plain.append(nn.InstanceNorm2d(layer.out_channels))
    torch.testing.assert_close(plain(nn.functional.instance_norm(maps)), decoder(maps), rtol=0, atol=1e-4)


def test_group_norms_of_single_channels_are_instance_norms():
    torch.manual_seed(0)
    network = TransformNetwork(width=4, blocks=1, kernel=3)
    images = torch.rand(2, 3, 32, 32)
    expected = network(images)
    for name, module in [*network.named_modules()]:
        if isinstance(module, nn.GroupNorm):
            network.set_submodule(name, nn.InstanceNorm2d(module.num_channels, affine=True))
    torch.testing.assert_close(network(images), expected)


@pytest.mark.parametrize(("name", "value"), [("width", 0), ("blocks", -1), ("kernel", 4), ("kernel", -1)])
def test_impossible_sizes_of_a_transformation_network_are_refused(name, value):
    with pytest.raises(ZooError, match=f"`{name}` .={value}"):
        TransformNetwork(**{name: value})
