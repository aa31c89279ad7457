"""The cuts that are worth their memory: the cheapest expected single-fault run within a budget."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.runtime.stretches.cuts import Floats

CALL_SECONDS = 10e-6
"""What one more session call costs outside of its nodes."""

LEAST_CUT_GAIN = 0.002
"""Share of a whole run that a cut must save on average to be worth a session."""

LEVELS = 64
"""Steps in which the budget is dealt out."""


@dataclass(frozen=True, slots=True)
class CutCosts:
    """Costs of the cuts of a graph, in the order of their positions.

    Attributes:
        hits: float64 (cuts,), probability that the first node that reads a faulty weight lies
            between this cut and the next.
        seconds: float64 (cuts,), what a run from here to the end takes.
        size: int64 (cuts,), bytes of golden values that restarting here needs, all batches counted.
        each: What a run takes longer for every cut that it passes.
    """

    hits: Floats
    seconds: Floats
    size: npt.NDArray[np.int64]
    each: float = 0.0


@dataclass(frozen=True, slots=True)
class CutPlan:
    """Cuts that were chosen.

    Attributes:
        kept: Their positions, the first one 0.
        mean: Seconds of a run, half of them whole ones, half with a single upset.
    """

    kept: list[int]
    mean: float


def mean_seconds(costs: CutCosts, kept: Sequence[int]) -> float:
    """Seconds of a mean run, as in `CutPlan.mean`.

    Args:
        costs: of every cut.
        kept: indices of the cuts that are kept, ascending, the first one 0.
    """
    passed = costs.each * np.arange(len(kept), 0, -1)
    runs = costs.seconds[list(kept)] + CALL_SECONDS + passed
    hits = np.add.reduceat(costs.hits, list(kept))
    return float((hits @ runs + runs[0]) / 2)


def choose_cuts(costs: CutCosts, budget: int) -> list[int]:
    """Indices of the cuts to keep, in order; the first cut is always among them and costs nothing.

    A run with one upset restarts at the last kept cut before the first node that reads a faulty
    weight. Minimized is the expected time of that run by dynamic programming over the cuts:
    ``best[i, b]`` is the least that upsets behind cut ``i`` cost on average if cut ``i`` is kept
    and ``b`` levels of the budget are left for later ones.

    Args:
        costs: of every cut.
        budget: bytes.
    """
    count = len(costs.seconds)
    level = max(1, -(-budget // LEVELS))
    price = -(-costs.size // level)
    price[0] = 0
    penalty = LEAST_CUT_GAIN * costs.seconds[0] + costs.each
    behind = np.concatenate([np.cumsum(costs.hits[::-1])[::-1], [0.0]])
    best = np.empty((count, LEVELS + 1))
    follower = np.full((count, LEVELS + 1), count)
    for i in reversed(range(count)):
        run = costs.seconds[i] + CALL_SECONDS
        best[i] = behind[i] * run
        for j in range(i + 1, count):
            cost = int(price[j])
            if cost > LEVELS or budget <= 0:
                continue
            gained = (behind[i] - behind[j]) * run + penalty + best[j, : LEVELS + 1 - cost]
            better = gained < best[i, cost:]
            best[i, cost:][better] = gained[better]
            follower[i, cost:][better] = j
    return _walk(follower, price)


def _walk(follower: npt.NDArray[np.int64], price: npt.NDArray[np.int64]) -> list[int]:
    """Follow the best choices from the first cut with the whole budget."""
    kept, left = [0], follower.shape[1] - 1
    while (following := int(follower[kept[-1], left])) < len(follower):
        left -= int(price[following])
        kept.append(following)
    return kept


def reach_weights(first: Sequence[int], bits: Sequence[int], cuts: Sequence[int]) -> Floats:
    """Probability that one uniform upset first shows between each cut and the next.

    Args:
        first: by tensor: position of the first node that reads it.
        bits: by tensor: its bits at risk.
        cuts: positions of the cuts, ascending, beginning with 0.

    Returns:
        float64 (cuts,).
    """
    where = np.searchsorted(np.asarray(cuts), np.asarray(first, np.int64), side="right") - 1
    found = np.zeros(len(cuts))
    np.add.at(found, where, np.asarray(bits, np.float64))
    found /= max(float(found.sum()), 1.0)
    return found


MOST_CANDIDATES = 160
"""Cuts among which is chosen; the effort grows with their square."""


def candidates(sizes: npt.NDArray[np.int64], seconds: Floats, first: Sequence[int]) -> list[int]:
    """Positions of cuts that can be best.

    They are right before a node that reads weights at risk, or where least must be kept between
    such a node and the one before it.

    Args:
        sizes: int64 (positions,), bytes of each cut.
        seconds: float64 (positions,), what a run from each cut to the end takes.
        first: positions of nodes that are the first to read a weight at risk.
    """
    found, before = {0}, 0
    apart = seconds[0] / MOST_CANDIDATES
    for reader in sorted({p for p in first if 0 < p < len(sizes)}):
        if seconds[before] - seconds[reader] < apart:
            continue
        narrowest = before + 1 + int(np.argmin(sizes[before + 1 : reader + 1]))
        found |= {reader, narrowest}
        before = reader
    return sorted(found)
