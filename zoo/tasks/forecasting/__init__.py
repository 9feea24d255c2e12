"""Time-series forecasting."""

from zoo.tasks.forecasting.task import Forecasting as Forecasting
