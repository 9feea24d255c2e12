"""Image classification."""

from zoo.tasks.classification.task import Classification as Classification
