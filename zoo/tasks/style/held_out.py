"""Held-out images of style transfer in one pass, beside their optimization, color transfer and the content itself."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.losses.perceptual import Grams, PerceptualLoss
from zoo.tasks.base import Baselines
from zoo.tasks.style.colors import transfer_colors
from zoo.tasks.style.costs import measure
from zoo.tasks.style.descent import optimize
from zoo.tasks.style.figures import draw_pictures
from zoo.tasks.style.one_pass import OnePassTask

STEPS = 100  # of L-BFGS
PICTURES = 10  # test images at most: each takes as long as a small training
ROWS = 4  # of them in the report


class HeldOut(NamedTuple):
    """A content and a style in [0, 1]."""

    content: Float[Tensor, "1 3 h w"]
    style: Float[Tensor, "1 3 _ _"]
    grams: Grams | None = None
    """Those of the style; None: those that the loss has."""


def optimized(loss: PerceptualLoss, case: HeldOut) -> Float[Tensor, "1 3 h w"]:
    """The image after `STEPS` steps of L-BFGS from the content."""
    content = case.content.to(loss.scales.device)
    return optimize(loss, content, content, steps=STEPS, style=case.grams).picture.cpu()


def compare(task: OnePassTask, cases: Sequence[HeldOut]) -> Baselines:
    """The mean costs of what needs no network, and the time of each image; the task keeps the optimized images."""
    loss = task.perceptual
    task.optimized = []

    def optimized_once(case: HeldOut) -> Tensor:
        task.optimized.append(optimized(loss, case))
        return task.optimized[-1]

    return {
        f"{STEPS} steps of L-BFGS": _mean(loss, cases, optimized_once),
        "color transfer": _mean(loss, cases, lambda case: transfer_colors(case.content, case.style)),
        "content": _mean(loss, cases, lambda case: case.content),
    }


def _mean(loss: PerceptualLoss, cases: Sequence[HeldOut], restyle: Callable[[HeldOut], Tensor]) -> dict[str, float]:
    found = []
    for case in cases:
        started = time.perf_counter()
        result = restyle(case)
        seconds = time.perf_counter() - started
        found.append(measure(loss, result, case.content, case.grams) | {"ms_per_image": 1000 * seconds})
    return {name: sum(values[name] for values in found) / len(found) for name in found[0]}


def ratio(results: Mapping[str, Any]) -> str:
    """A sentence on cost and time of the network beside the optimization; empty without baselines."""
    ours = results["test"]
    theirs = next((values for name, values in results["baselines"].items() if "L-BFGS" in name), None)
    if theirs is None:
        return ""
    return (
        f"The cost of the network is {ours['cost'] / theirs['cost']:.2f} times that of {STEPS} steps of L-BFGS on each "
        f"image, in 1/{theirs['ms_per_image'] / max(ours['ms_per_image'], 1e-9):,.0f} of the time."
    )


@torch.no_grad()
def draw_held_out(
    path: Path,
    task: OnePassTask,
    cases: Sequence[HeldOut],
    restyle: Callable[[HeldOut], Tensor],
    *,
    with_style: bool = False,
) -> Path:
    """Draws a row for each content: itself, its style if requested, and the results.

    The cases are the first ones of `compare`, whose optimized images are shown if it ran.
    """
    rows = []
    for place, case in enumerate(cases):
        row = {"content": case.content}
        row |= {"style": case.style} if with_style else {}
        row["network"] = restyle(case).float().cpu()
        row |= {f"{STEPS} steps of L-BFGS": task.optimized[place]} if task.optimized else {}
        rows.append(row | {"color transfer": transfer_colors(case.content, case.style)})
    shown = [each for row in rows for each in row.items()]
    return draw_pictures(path, [picture for _, picture in shown], [title for title, _ in shown], columns=len(rows[0]))
