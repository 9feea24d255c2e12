"""Object detection."""

from zoo.tasks.detection.task import Detection as Detection
