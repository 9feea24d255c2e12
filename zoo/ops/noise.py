"""Random numbers that depend on keys alone: the same on every device and for every batch size."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

_STEP, *_MIX = (-7046029254386353131, -4658895280553007687, -7723592293110705685)  # SplitMix64 (Steele et al., 2014)
_MANTISSA = 24


def uniform_noise(keys: Int[Tensor, " b"], width: int, *, seed: int) -> Float[Tensor, "b w"]:
    """Draws `width` uniform numbers in [0, 1) for each key, by hashing key, column and seed."""
    columns = torch.arange(width, device=keys.device)
    values = _hash(_hash(_hash(keys) + seed)[:, None] + columns)
    return ((values >> (64 - _MANTISSA)) & (2**_MANTISSA - 1)).float() / 2**_MANTISSA


def _hash(values: Int[Tensor, "..."]) -> Int[Tensor, "..."]:
    """The output function of SplitMix64; products wrap around."""
    values = values * _STEP + _STEP
    for shift, factor in zip((30, 27), _MIX, strict=True):
        values = (values ^ ((values >> shift) & (2 ** (64 - shift) - 1))) * factor
    return values ^ ((values >> 31) & (2**33 - 1))
