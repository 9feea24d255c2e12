"""Regression: one number per sample."""

from zoo.tasks.regression.task import Regression as Regression
