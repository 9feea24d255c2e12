import sys
from types import SimpleNamespace

import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.prediction.sources import resolve_source

PICTURE = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)  # blue, green, red, as OpenCV gives them


class Camera:
    """Camera 0 gives a dark image first."""

    def __init__(self, number: int) -> None:
        self.number, self.taken = number, 0

    def isOpened(self) -> bool:
        return self.number == 0

    def read(self) -> tuple[bool, np.ndarray]:
        self.taken += 1
        return True, PICTURE if self.taken > 1 else PICTURE * 0

    def release(self) -> None:
        pass


@pytest.fixture
def opencv(monkeypatch):
    logging = SimpleNamespace(setLogLevel=lambda level: None, LOG_LEVEL_SILENT=0)
    library = SimpleNamespace(VideoCapture=Camera, utils=SimpleNamespace(logging=logging))
    monkeypatch.setitem(sys.modules, "cv2", library)


@pytest.mark.usefixtures("opencv")
def test_a_number_is_one_image_of_a_camera_in_rgb():
    (image,) = resolve_source(0)
    assert image.name == "camera_0"
    assert np.array_equal(image.pixels.permute(1, 2, 0), PICTURE[..., ::-1])
    with pytest.raises(ZooError, match="source=1: there is no camera 1, or it gives no image; a file needs its path"):
        resolve_source(1)


def test_a_file_may_have_a_number_for_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "2026").mkdir()
    assert str(resolve_source(2026)) == "2026"


def test_without_opencv_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ZooError, match="source=0 is a camera: reading it needs OpenCV: pip install .*video"):
        resolve_source(0)
