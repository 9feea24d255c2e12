"""Metrics: torchmetrics shells over pure functions."""
