"""A random order of very many numbers, computed on demand instead of stored."""

import torch
from jaxtyping import Int
from torch import Tensor

_ROUNDS = 4
_MIX = (-7046029254386353131, -4658895280553007687)  # odd constants with irregular bits (SplitMix64, 2014)


class Permutation:
    """A bijection of 0 … `count` - 1 onto itself, drawn by `seed`.

    A Feistel network over as many bits as `count` has. Results of `count` or more are mapped again until they fall
    below it (cycle walking). Sources: Luby and Rackoff, "How to Construct Pseudorandom Permutations", 1988; Black and
    Rogaway, "Ciphers with Arbitrary Finite Domains", 2002, section 4.
    """

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.half = max(((count - 1).bit_length() + 1) // 2, 1)
        generator = torch.Generator().manual_seed(seed)
        self.keys: list[int] = torch.randint(2**62, (_ROUNDS,), generator=generator).tolist()

    def __call__(self, positions: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        """The numbers at these positions of the order."""
        values = self._once(positions)
        while (outside := values >= self.count).any():
            values[outside] = self._once(values[outside])
        return values

    def _once(self, values: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        mask = (1 << self.half) - 1
        left, right = values >> self.half, values & mask
        for key in self.keys:
            mixed = (right + key) * _MIX[0]
            mixed = (mixed ^ (mixed >> 29)) * _MIX[1]
            left, right = right, left ^ ((mixed ^ (mixed >> 32)) & mask)
        return (left << self.half) | right
