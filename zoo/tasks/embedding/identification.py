"""Metrics of identification: closed-set and open-set recognition against a gallery."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Candidates(NamedTuple):
    """The closest enrolled identities of each probe, closest first."""

    identities: Int[Tensor, "probes k"]
    distances: Float[Tensor, "probes k"]


def candidates(distances: Float[Tensor, "probes gallery"], gallery: Int[Tensor, " gallery"], k: int) -> Candidates:
    """The `k` closest identities; the distance to an identity is that to its closest image."""
    known, index = gallery.unique(return_inverse=True)
    closest = distances.new_full((len(distances), len(known)), torch.inf)
    closest.scatter_reduce_(1, index.expand(len(distances), -1), distances, reduce="amin")
    best = closest.topk(min(k, len(known)), dim=1, largest=False, sorted=True)
    return Candidates(known[best.indices], best.values)


def rank_k(found: Candidates, probes: Int[Tensor, " probes"], k: int) -> float:
    """Share of the probes whose identity is among the `k` closest."""
    return float((found.identities[:, :k] == probes[:, None]).any(dim=1).double().mean())


def detection_and_identification_rate(
    found: Candidates, probes: Int[Tensor, " probes"], gallery: Int[Tensor, " gallery"], false_alarms: float
) -> float:
    """Share of the enrolled probes that are identified correctly, at a given false-alarm rate.

    A false alarm is an identified probe of a person who is not enrolled. The threshold is the largest one with a rate
    of at most `false_alarms`. Source: Handbook of Face Recognition (Li and Jain, 2011), open-set identification.
    """
    enrolled = torch.isin(probes, gallery)
    unknown = found.distances[~enrolled, 0].sort().values
    allowed = int(false_alarms * len(unknown) + 1e-9)
    threshold = unknown[allowed] if allowed < len(unknown) else unknown.new_tensor(torch.inf)
    correct = (found.identities[:, 0] == probes) & (found.distances[:, 0] < threshold)
    return float(correct[enrolled].double().mean())


class OneShot(NamedTuple):
    """Recognition with one enrolled image per identity; means over the choice of that image."""

    rank1: float
    rank5: float
    dir_at_far_1: float
    """Detection-and-identification rate at 1 % false alarms, half of the identities not enrolled."""


def one_shot(
    distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], *, draws: int = 10, halves: int = 5
) -> OneShot:
    """Enrolls each identity with one image and probes with its others, for `draws` choices of the image.

    Open-set identification enrolls half of the identities, for `halves` choices of the half.
    """
    known = identities.unique()
    generator = torch.Generator().manual_seed(0)
    figures = []
    for draw in range(draws):
        rows = [(identities == identity).nonzero().squeeze(1) for identity in known]
        gallery = torch.stack([part[draw % len(part)] for part in rows])
        probes = torch.ones_like(identities, dtype=torch.bool).index_fill_(0, gallery, False)
        found = candidates(distances[probes][:, gallery], identities[gallery], 5)
        open_set = []
        for _ in range(halves if len(known) > 1 else 0):
            chosen = gallery[torch.randperm(len(known), generator=generator)[: len(known) // 2].to(gallery.device)]
            named = candidates(distances[probes][:, chosen], identities[chosen], 1)
            args = (named, identities[probes], identities[chosen])
            open_set.append(detection_and_identification_rate(*args, false_alarms=0.01))
        mean = torch.tensor(open_set, dtype=torch.float64).mean()
        figures.append([rank_k(found, identities[probes], 1), rank_k(found, identities[probes], 5), float(mean)])
    return OneShot(*torch.tensor(figures, dtype=torch.float64).mean(0).tolist())


def episode_accuracy(
    distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], groups: Int[Tensor, " n"]
) -> float:
    """One-shot accuracy within groups: the first row of each identity is enrolled, the others are probes.

    With the 20 runs of 20 Omniglot characters as groups this is the published task (Lake, Salakhutdinov and Tenenbaum,
    "Human-level concept learning through probabilistic program induction", 2015).
    """
    order = torch.arange(len(identities), device=identities.device)
    same = identities[:, None] == identities[None, :]
    enrolled = same.to(torch.uint8).argmax(dim=1) == order
    allowed = enrolled[None, :] & (groups[:, None] == groups[None, :])
    named = identities[distances.masked_fill(~allowed, torch.inf).argmin(dim=1)]
    return float((named == identities)[~enrolled].double().mean())
