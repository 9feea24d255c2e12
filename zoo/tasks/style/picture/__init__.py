"""Style transfer by optimization of an image."""

from zoo.tasks.style.picture.task import StyleTransfer as StyleTransfer
