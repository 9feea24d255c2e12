"""The device of a command, and the lines for memory that is full."""

import pytest
import torch

from zoo.errors import ZooError
from zoo.run.create import create_model
from zoo.run.device import explain_full_memory, explain_missing_determinism, move_to
from zoo.tasks.classification import Classification

FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB.")


@pytest.mark.parametrize(
    ("error", "batch_size", "advice"),
    [
        (FULL, 32, r"out of memory with data.batch_size=32: try data.batch_size=16"),
        (FULL, 1, r"out of memory with data.batch_size=1: take smaller images or a smaller network"),
        (FULL, None, r"out of memory: try data.batch_size=8, or device=cpu"),
        (RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED."), 2, r"try data.batch_size=1"),
        (RuntimeError("could not create a primitive"), 2, r"try data.batch_size=1"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 2, r"try data.batch_size=1"),
    ],
)
def test_full_memory_is_answered_with_a_smaller_batch(error, batch_size, advice):
    with pytest.raises(ZooError, match=advice), explain_full_memory("data.batch_size", batch_size):
        raise error


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="shape"), explain_full_memory("data.batch_size", 2):
        raise RuntimeError("shape '[2]' is invalid")
    with pytest.raises(RuntimeError, match="shape"), explain_missing_determinism():
        raise RuntimeError("shape '[2]' is invalid")


def test_an_operation_without_a_deterministic_form_is_named():
    text = "cumsum_cuda_kernel does not have a deterministic implementation, but you set …"
    with (
        pytest.raises(ZooError, match="PyTorch's cumsum_cuda_kernel has no deterministic form"),
        explain_missing_determinism(),
    ):
        raise RuntimeError(text)


def test_a_command_prints_the_device_that_it_takes(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(Classification, "double_precision", True)
    assert move_to(create_model("lenet5"), "auto").device.type == "cpu"
    assert "MPS has no double precision, which this model needs" in capsys.readouterr().out
