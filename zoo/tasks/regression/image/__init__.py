"""Regression of images."""

from zoo.tasks.regression.image.task import ImageRegression as ImageRegression
