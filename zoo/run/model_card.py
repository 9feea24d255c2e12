"""The card of a shared model, in the form that Hugging Face's pages and tools read."""

from typing import Any

import torch
import yaml

from zoo import __version__
from zoo.tasks.base import Task

_TAGS = {
    "classification": "image-classification",
    "detection": "object-detection",
    "forecasting": "time-series-forecasting",
}
"""Names of tasks on the hub."""


def model_card(task: Task, figures: dict[str, Any], *, license: str, source: str, sha256: str) -> str:
    """Markdown with front matter: license, data, figures beside baselines, versions, hash and two lines of use."""
    card, model = task.card, str(task.card.get("model_name"))
    data, test = str(card.get("data_name")), figures.get("test", {})
    front: dict[str, Any] = {"license": license, "library_name": "lightning-zoo", "tags": ["zoo", task.kind]}
    if task.kind in _TAGS:
        front["pipeline_tag"] = _TAGS[task.kind]
    if test:
        metrics = [{"type": name, "value": value} for name, value in sorted(test.items()) if value is not None]
        result = {"task": {"type": _TAGS.get(task.kind, task.kind)}, "dataset": {"type": data, "name": data}}
        front["model-index"] = [{"name": f"{model} on {data}", "results": [result | {"metrics": metrics}]}]
    parameters = sum(parameter.numel() for parameter in task.network.parameters())
    lines = [
        "---",
        yaml.safe_dump(front, sort_keys=False, allow_unicode=True).rstrip(),
        "---",
        f"# {model} on {data}",
        "",
        f"{task.kind.capitalize()}, {parameters:,} parameters, trained on `{data}`. License of the weights: {license}.",
        "",
        "```python",
        "import zoo",
        f"model = zoo.load({source!r})",
        "```",
        "",
        *_table(figures),
        f"Trained with lightning-zoo {__version__} and torch {torch.__version__.partition('+')[0]}{_seconds(figures)}.",
        f"SHA-256 of model.safetensors: `{sha256}`.",
        "",
    ]
    return "\n".join(lines)


def _table(figures: dict[str, Any]) -> list[str]:
    """Test metrics of the model beside its baselines, on one split."""
    test, baselines = figures.get("test", {}), figures.get("baselines", {})
    if not test:
        return ["The run has no metrics.json beside the checkpoint, so this card has no figures.", ""]
    names = ["this model", *baselines]
    lines = [f"| test | {' | '.join(names)} |", f"|---|{'--:|' * len(names)}"]
    for metric, value in sorted(test.items()):
        row = [value, *(found.get(metric) for found in baselines.values())]
        lines.append(f"| {metric} | {' | '.join('–' if cell is None else f'{cell:.4f}' for cell in row)} |")
    return [*lines, ""]


def _seconds(figures: dict[str, Any]) -> str:
    if not figures.get("seconds"):
        return ""
    return f" in {figures['seconds']:,.0f} s and {figures['epochs']} epochs on {figures['device']}"
