"""Landmark localization."""

from zoo.tasks.landmarks.task import Landmarks as Landmarks
