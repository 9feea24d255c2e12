"""Tells whether an error means that the memory of the device is full."""

from pytorch_lightning.utilities.memory import is_oom_error

_OF_ONEDNN = ("could not create a primitive", "could not create a memory object")
"""oneDNN's text for a failed allocation; an operation that it lacks fails before, at the primitive's descriptor."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` is an out-of-memory error of CUDA, cuDNN, PyTorch's CPU allocator or oneDNN."""
    return is_oom_error(error) or (isinstance(error, RuntimeError) and str(error) in _OF_ONEDNN)
