"""Figures of what a network sees and looks for."""

from pathlib import Path

import torch
from PIL import Image
from torch import nn

from zoo.data.images.augment import Mixup
from zoo.data.images.digits import Digits
from zoo.networks.lenet import LeNet5
from zoo.reports.network_sections import filters_section, training_images_section


def test_training_images_are_drawn_and_nothing_else_is_touched(tmp_path: Path) -> None:
    data = Digits(image_size=16, channels=1, batch_size=8, num_workers=0, seed=0, augmentation=Mixup(alpha=1.0))
    torch.manual_seed(5)
    before = torch.get_rng_state()
    section = training_images_section(data, tmp_path)
    assert torch.equal(torch.get_rng_state(), before)
    assert section is not None
    assert section.text.startswith("24 augmented training images")
    with Image.open(section.figures[0]) as drawn:
        assert len(drawn.convert("L").getcolors() or []) > 20


def test_filters_are_drawn_where_there_are_some(tmp_path: Path) -> None:
    section = filters_section(LeNet5(), tmp_path)
    assert section is not None
    assert "6 of the 6 filters" in section.text
    assert section.figures[0].is_file()
    assert filters_section(nn.Linear(3, 2), tmp_path) is None
    assert filters_section(nn.Conv2d(8, 4, 3), tmp_path) is None
