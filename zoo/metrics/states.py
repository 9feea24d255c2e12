"""Saves and loads the states of metrics within an epoch."""

from collections.abc import Mapping
from typing import Any

import torch
from torchmetrics import MetricCollection

States = dict[str, dict[str, Any]]


def save_states(metrics: MetricCollection) -> States:
    """The states of all metrics, reduced over all processes; empty before the first update.

    All processes must call it.
    """
    states: States = {}
    for name, metric in metrics.items(keep_base=True):
        if metric.update_called:
            with metric.sync_context():
                states[name] = {key: _copy(value) for key, value in metric.metric_state.items()}
    return states


def load_states(metrics: MetricCollection, states: Mapping[str, Mapping[str, Any]]) -> None:
    """Continues metrics from saved states."""
    for name, metric in metrics.items(keep_base=True):
        for key, value in states.get(name, {}).items():
            moved = [item.to(metric.device) for item in value] if isinstance(value, list) else value.to(metric.device)
            setattr(metric, key, moved)


def _copy(value: Any) -> Any:
    return [item.detach().cpu() for item in value] if isinstance(value, list) else torch.clone(value).detach().cpu()
