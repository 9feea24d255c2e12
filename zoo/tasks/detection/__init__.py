"""Object detection."""

from zoo.tasks.detection.task import Detection as Detection
from zoo.tasks.detection.torchvision import TorchvisionDetection as TorchvisionDetection
