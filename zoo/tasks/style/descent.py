"""Minimizes the costs of one image: single steps of an optimizer, caught where it diverges."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import LBFGS, Optimizer

from zoo.errors import ZooError
from zoo.losses.perceptual import Costs, Grams, PerceptualLoss

_RESTARTS = 5
_HISTORY = 20  # of L-BFGS: each entry takes twice the memory of the image


class Descent:
    """Steps of an optimizer on the pixels of an image, which stay in [0, 1].

    L-BFGS without a line search can diverge to NaN. The best image so far is then restored, the history of the
    optimizer is dropped, its rate is halved, and this is printed.
    """

    def __init__(self, pixels: nn.Parameter, costs_of: Callable[[Tensor], Costs]) -> None:
        self.pixels = pixels
        self.costs_of = costs_of
        self.restarts = 0
        self._best = pixels.detach().clone()
        self._lowest = math.inf

    def step(self, optimizer: Optimizer, run: Callable[[Callable[[], Tensor]], Any]) -> Costs:
        """Takes one step, in which `run` calls the closure; returns the detached costs before it.

        Raises:
            ZooError: the costs of the first image, or those after five restarts, are not finite.
        """
        evaluated: list[Costs] = []

        def closure() -> Tensor:
            with torch.no_grad():
                self.pixels.clamp_(0, 1)  # keeps NaN
            with torch.enable_grad():
                optimizer.zero_grad()
                costs = self.costs_of(self.pixels[None])
                total = costs.total
                total.backward()
            evaluated.append(Costs(*(cost.detach() for cost in costs)))
            if (value := total.item()) < self._lowest:  # false for NaN
                self._lowest = value
                self._best.copy_(self.pixels.detach())
            return total.detach()

        run(closure)
        if not all(math.isfinite(costs.total) for costs in evaluated):
            self._restart(optimizer)
        return evaluated[0]

    @torch.no_grad()
    def _restart(self, optimizer: Optimizer) -> None:
        self.restarts += 1
        if self._lowest == math.inf or self.restarts > _RESTARTS:
            raise ZooError(
                f"the cost of the image is not finite, {self.restarts - 1} restarts with smaller steps included: try "
                f"optimizer=adam_2e-2, or smaller weights of the costs"
            )
        self.pixels.copy_(self._best)
        optimizer.state.clear()
        for group in optimizer.param_groups:
            group["lr"] /= 2
        rate = optimizer.param_groups[0]["lr"]
        print(f"{type(optimizer).__name__} diverged: goes on from the best image so far with lr={rate:g}")


class Optimized(NamedTuple):
    """An image [1 3 H W] in [0, 1], and its costs before each step."""

    picture: Float[Tensor, "1 3 h w"]
    costs: list[Costs]


def optimize(
    loss: PerceptualLoss,
    content: Float[Tensor, "1 3 h w"],
    start: Float[Tensor, "1 3 h w"],
    steps: int,
    style: Grams | None = None,
) -> Optimized:
    """Takes steps of L-BFGS from an image for the content of another and a style, by default that of the loss."""
    with torch.inference_mode(False):
        pixels = nn.Parameter(start[0].detach().clone())
        maps = loss.content(content.clone())
        optimizer = LBFGS([pixels], lr=1.0, max_iter=1, history_size=_HISTORY)
        descent = Descent(pixels, lambda picture: loss(picture, maps, style))
        costs = [descent.step(optimizer, optimizer.step) for _ in range(steps)]
        return Optimized(pixels.detach().clamp(0, 1)[None], costs)
