"""Metrics that several tasks share, as torchmetrics modules."""
