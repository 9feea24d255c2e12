"""How identities are numbered."""

from jaxtyping import Int
from torch import Tensor

PER_GROUP = 1_000_000
"""Identity g · PER_GROUP + i is number i of group g. Only identities of one group are compared with each other."""


def groups_of(identities: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """The group of each row; data without groups has only group 0."""
    return identities // PER_GROUP
