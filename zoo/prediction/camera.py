"""An image from a camera."""

import torch

from zoo.data.images.in_memory import MemoryImage
from zoo.distribution import install_command
from zoo.errors import ZooError

_WARM_UP = 10  # images until a camera has set its exposure


def take_image(number: int) -> MemoryImage:
    """Takes one image with camera `number`, counted from 0.

    Raises:
        ZooError: OpenCV is not installed, or the camera gives no image.
    """
    try:
        import cv2
    except ModuleNotFoundError:
        raise ZooError(f"source={number} is a camera: reading it needs OpenCV: {install_command('video')}") from None
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # it would print that there is no camera
    camera = cv2.VideoCapture(number)
    try:
        images = [camera.read() for _ in range(_WARM_UP)] if camera.isOpened() else []
    finally:
        camera.release()
    taken = [image for success, image in images if success]
    if not taken:
        raise ZooError(f"source={number}: there is no camera {number}, or it gives no image; a file needs its path")
    return MemoryImage(f"camera_{number}", torch.from_numpy(taken[-1][..., ::-1].copy()).permute(2, 0, 1))
