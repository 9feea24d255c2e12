from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

from zoo.config.compose import compose, to_dict
from zoo.data.video import write_video
from zoo.run.train import train
from zoo.tasks.style.descent import Optimized, optimize

WORDS = ["data.image_size=32", "data.train_pictures=8", "data.val_pictures=2", "data.test_pictures=2", "trainer=cpu"]


@pytest.fixture(scope="module")
def trained_small(tmp_path_factory) -> Callable[[str, str], Path]:
    """Trains a model of one pass for an epoch of small images; returns the folder of the run."""

    def run(model: str, data: str) -> Path:
        folder = tmp_path_factory.mktemp(model)
        optimized = []

        def optimize_noted(*args: Any, **options: Any) -> Optimized:
            optimized.append(args)
            return optimize(*args, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("zoo.tasks.style.held_out.STEPS", 3)
            patch.setattr("zoo.tasks.style.held_out.optimize", optimize_noted)
            train(to_dict(compose([f"model={model}", "trainer.max_epochs=1", *WORDS])), folder, model=model, data=data)
        assert len(optimized) == 2  # test images, each once: the report shows those of the baselines
        return folder

    return run


@pytest.fixture
def write_clip() -> Callable[[Path], None]:
    """Writes a video of three frames of 40×50 pixels."""

    def write(path: Path) -> None:
        images = (torch.full((3, 40, 50), 20 * number, dtype=torch.uint8) for number in range(3))
        write_video(path, images, Fraction(5))

    return write
