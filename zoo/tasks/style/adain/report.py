"""The report of AdaIN: costs beside the optimization, held-out images, shares of a style, and blends of two."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zoo.data.style.many_styles import ManyStyles
from zoo.reports.comparison import comparison
from zoo.reports.page import Section
from zoo.tasks.style.adain.baselines import held_out
from zoo.tasks.style.adain.task import AdaIN
from zoo.tasks.style.figures import draw_pictures
from zoo.tasks.style.held_out import ROWS, HeldOut, draw_held_out, ratio

_ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
_SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)  # of the first of two styles


def sections(task: AdaIN, datamodule: ManyStyles, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`."""
    cases = held_out(datamodule, task, ROWS)
    task.eval()
    images = draw_held_out(
        folder / "held_out.png",
        task,
        cases,
        lambda case: _restyled(task, case.content, [case.style], [1.0]),
        with_style=True,
    )
    return [
        comparison(results, "cost", folder),
        Section("Held-out images", f"Training had none of these styles. {ratio(results)}".strip(), [images]),
        Section("Shares of a style", "From the content to the style in full.", [_draw_alphas(task, cases[0], folder)]),
        Section("Blends of two styles", "The left one fades into the right one.", [_draw_blends(task, cases, folder)]),
    ]


@torch.no_grad()
def _restyled(
    task: AdaIN, content: Tensor, styles: Sequence[Tensor], blend: Sequence[float], alpha: float = 1.0
) -> Tensor:
    found: Tensor = task(content.to(task.device), task.style_of(styles, blend).moments, alpha)
    return found.float().cpu()


def _draw_alphas(task: AdaIN, case: HeldOut, folder: Path) -> Path:
    pictures = [case.content, *(_restyled(task, case.content, [case.style], [1.0], alpha) for alpha in _ALPHAS)]
    titles = ["content", *(f"alpha {alpha:g}" for alpha in _ALPHAS)]
    return draw_pictures(folder / "alphas.png", [*pictures, case.style], [*titles, "style"], columns=len(pictures) + 1)


def _draw_blends(task: AdaIN, cases: Sequence[HeldOut], folder: Path) -> Path:
    content, styles = cases[0].content, [cases[0].style, cases[-1].style]
    pictures = [_restyled(task, content, styles, [share, 1 - share]) for share in _SHARES]
    titles = [f"{share:.0%} and {1 - share:.0%}" for share in _SHARES]
    return draw_pictures(
        folder / "blends.png", [styles[0], *pictures, styles[1]], ["style", *titles, "style"], columns=len(pictures) + 2
    )
