"""The card of a shared model, in the form that Hugging Face's pages and tools read."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
import yaml

from zoo import __version__
from zoo.config.calls import explained_call
from zoo.data.yaml_files import front_matter
from zoo.errors import ZooError, unknown
from zoo.remote.addresses import local_path
from zoo.tasks.base import Task
from zoo.weights import shipped

_TAGS = {
    "classification": "image-classification",
    "detection": "object-detection",
    "forecasting": "time-series-forecasting",
}
"""Names of tasks on the hub."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """How weights of this package were made, and for what."""

    recipe: str
    """The command that trains them."""
    commit: str
    data: str
    data_license: str
    metric: str
    """The test metric of `seeds` and `interval`."""
    seeds: Mapping[int, float]
    """The metric of each seed; the weights are those of the first."""
    interval: tuple[float, float]
    """Where the metric of a further seed lies with a probability of 95 %."""
    baseline: str
    """The best baseline of all seeds, with its metric."""
    cpu_seconds: float
    use: str
    limits: str


@dataclass(frozen=True)
class ModelCard:
    """A card as Markdown, and its front matter."""

    text: str
    facts: Mapping[str, Any]

    def __str__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:  # what a notebook shows
        return self.text


@explained_call
def card(name: str) -> ModelCard:
    """Reads the card of weights by their name, such as `lenet5/digits`, or that of a shared folder.

    Raises:
        ZooError: no such weights, or a folder without a card.

    >>> card("lenet5/digits").facts["license"]
    'apache-2.0'
    """
    folder = local_path(name)
    if not folder.exists():
        raise ZooError(unknown("weights", name, shipped()))
    file = folder / "README.md"
    facts, text = front_matter(file) if file.is_file() else (None, "")
    if not isinstance(facts, dict):
        raise ZooError(f"{folder} has no README.md that begins with the facts of a model card")
    return ModelCard(f"{text}\n", facts)


def model_card(
    task: Task,
    figures: dict[str, Any],
    *,
    license: str,
    source: str,
    sha256: str,
    release: Release | None = None,
) -> str:
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
    front["sha256"] = sha256
    front["versions"] = {"lightning-zoo": __version__, "torch": torch.__version__.partition("+")[0]}
    if release is not None:
        front["release"] = asdict(release) | {"interval": list(release.interval), "seeds": dict(release.seeds)}
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
        "",
        f"model = zoo.load({json.dumps(source)})",
        "```",
        "",
        *_table(figures),
        *(_about(release) if release is not None else []),
        f"Trained with lightning-zoo {__version__} and torch {torch.__version__.partition('+')[0]}{_seconds(figures)}.",
        f"SHA-256 of model.safetensors: `{sha256}`.",
        "",
    ]
    return "\n".join(lines)


def _table(figures: dict[str, Any]) -> list[str]:
    """Test metrics of the model beside its baselines, on one split."""
    test, baselines = figures.get("test", {}), figures.get("baselines", {})
    if not test:
        return ["This is not the best checkpoint of a run with a metrics.json, so this card has no figures.", ""]
    names = ["this model", *baselines]
    lines = [f"| test | {' | '.join(names)} |", f"|---|{'--:|' * len(names)}"]
    for metric, value in sorted(test.items()):
        row = [value, *(found.get(metric) for found in baselines.values())]
        lines.append(f"| {metric} | {' | '.join('–' if cell is None else f'{cell:.4f}' for cell in row)} |")
    return [*lines, ""]


def _about(release: Release) -> list[str]:
    seeds = ", ".join(f"{value:.4f} (seed {seed})" for seed, value in release.seeds.items())
    low, high = release.interval
    return [
        f"Data: {release.data} License of the data: {release.data_license}.",
        "",
        f"Test {release.metric} of {len(release.seeds)} trainings: {seeds}; the weights are those of the first seed. A "
        f"further seed lies between {low:.4f} and {high:.4f} with a probability of 95 %. Best baseline: "
        f"{release.baseline}.",
        "",
        f"Use: {release.use} Limits: {release.limits}",
        "",
        "```sh",
        release.recipe,
        "```",
        "",
        f"Commit {release.commit}, {release.cpu_seconds:,.0f} CPU seconds.",
        "",
    ]


def _seconds(figures: dict[str, Any]) -> str:
    if not figures.get("seconds"):
        return ""
    return f" in {figures['seconds']:,.0f} s and {figures['epochs']} epochs on {figures['device']}"
