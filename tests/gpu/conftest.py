"""Tests on a GPU; `ZOO_GPU_TESTS_DEVICE=cpu pytest -m gpu tests/gpu` runs the same code where there is none."""

import os
from collections.abc import Iterator

import pytest
import torch

NAME = os.environ.get("ZOO_GPU_TESTS_DEVICE", "cuda")


@pytest.fixture(scope="session")
def device() -> torch.device:
    """The device under test."""
    if NAME == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return torch.device(NAME)


@pytest.fixture
def accelerator(device: torch.device) -> str:
    """The word of the command line that selects it."""
    return f"trainer.accelerator={'gpu' if device.type == 'cuda' else device.type}"


@pytest.fixture(autouse=True)
def _single_precision() -> Iterator[None]:
    """TF32 keeps three decimal digits: float32 is compared without it."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before
