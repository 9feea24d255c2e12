"""Classification of images, volumes and clips."""

from zoo.tasks.classification.task import Classification as Classification
