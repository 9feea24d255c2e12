import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image

from zoo.reports.images import as_array, draw_images, image_grid


def test_each_image_keeps_its_shape_below_its_title():
    figure = Figure()
    images = [np.zeros((10, 20)), np.ones((20, 10, 3)), np.ones((5, 5))]
    image_grid(figure, images, ["wide", "tall", "square"], columns=2, row_height=1.3)
    (axes,) = figure.axes
    shapes = [
        (right - left, bottom - top) for left, right, bottom, top in (image.get_extent() for image in axes.images)
    ]
    assert [round(width / height, 6) for width, height in shapes] == [2, 0.5, 1]
    assert axes.get_xlim() == (0, 2)
    assert axes.get_ylim() == (2.6, 0)
    for image, title in zip(axes.images, axes.texts, strict=True):
        left, right, _, top = image.get_extent()
        assert title.get_position()[0] == (left + right) / 2
        assert title.get_position()[1] < top, "the title is above its image"
    assert [title.get_text() for title in axes.texts] == ["wide", "tall", "square"]


def test_gray_color_and_volumes_become_values_between_0_and_1():
    assert as_array(torch.full((1, 2, 3), 255, dtype=torch.uint8)).shape == (2, 3)
    assert as_array(torch.full((3, 2, 4), 51, dtype=torch.uint8)).max() == 0.2
    volume = torch.zeros(1, 5, 2, 3, dtype=torch.uint8)
    volume[0, 4, 1, 2] = 255
    assert as_array(volume).tolist() == [[0, 0, 0], [0, 0, 1]]


def test_an_image_is_drawn(tmp_path):
    path = draw_images(tmp_path / "x.png", [torch.zeros(3, 8, 8, dtype=torch.uint8)], ["a\nb"])
    with Image.open(path) as drawn:
        assert drawn.convert("L").getextrema() == (0, 255)
