"""Image files that annotations name."""

from PIL import Image

from zoo.data.detection.image_paths import find_images


def test_a_name_that_the_system_refuses_is_no_file(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    exact, elsewhere = find_images(tmp_path, ["a.png", "b" * 300 + ".png", "c\0.png"])
    assert exact == {"a.png": tmp_path / "a.png"}
    assert elsewhere == {}
