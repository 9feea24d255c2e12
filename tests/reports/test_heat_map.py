"""The heat map is warm where the object is."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.convolutional import to_convolutional
from zoo.reports.heat_map import draw_heat_map


class Bright(nn.Module):
    """Says class 1 where a window of 4 pixels is bright."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(1, 1, 1)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
        nn.init.ones_(self.features.weight)
        nn.init.zeros_(self.features.bias)
        self.classifier[1].weight.data = torch.stack([torch.full((16,), -1.0), torch.full((16,), 1.0)])
        self.classifier[1].bias.data = torch.tensor([8.0, -8.0])

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images))


def test_it_is_warm_where_the_object_is(tmp_path: Path) -> None:
    image = torch.zeros(1, 12, 16)
    image[:, 2:8, 9:15] = 1
    network = to_convolutional(Bright(), in_channels=1, image_size=4)
    chance = draw_heat_map(tmp_path / "map.png", network, image, image, class_index=1)
    assert chance.shape == (9, 13)
    warm = (chance > 0.5).nonzero()
    assert warm.min(0).values.tolist() == [1, 8]
    assert warm.max(0).values.tolist() == [5, 12]
    with Image.open(tmp_path / "map.png") as drawn:
        assert drawn.size[0] > 500
    with pytest.raises(ZooError, match=r"`class_index` \(=2\) must be between 0 and 1"):
        draw_heat_map(tmp_path / "map.png", network, image, image, class_index=2)
