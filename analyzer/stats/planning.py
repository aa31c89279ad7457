"""Number of single faults to inject: Leveugle's formula, and fewer for the same margin.

R. Leveugle, A. Calvez, P. Maistri, P. Vanhauwaert, *Statistical fault injection: quantified error
and confidence*, DATE 2009, ask for

    n = N / (1 + e^2 (N - 1) / (t^2 p (1 - p)))

faults out of N for a margin e at the confidence of the normal quantile t, with p = 0.5 because
nothing is known. Strata know more: `allot` gives each only what the margin needs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from analyzer.stats.areas import AreaStratum, deviation, estimate_area, half_width

FloatArray = NDArray[np.float64]

_SCALES = 60
_FINEST = 30.0
"""Share of the margin that unseen events may take: so many tries, down to 1/30 of the most."""

_SHRINK = 0.97

_NO_SPREAD = 1e-9
"""Weight times deviation below which a stratum draws no trials of its own."""


def normal_quantile(confidence: float) -> float:
    """Two-sided quantile of the normal law.

    >>> round(normal_quantile(0.99), 4)
    2.5758
    """
    return float(scipy.special.ndtri(1.0 - (1.0 - confidence) / 2.0))


def leveugle(population: int, margin: float, confidence: float) -> int:
    """Faults to inject into a population, by Leveugle's formula with p = 0.5.

    Args:
        population: number of possible faults, at least 1.
        margin: e, as a fraction.
        confidence: of the interval of +-e.

    >>> leveugle(13824, 0.01, 0.99)
    7541
    """
    spread = normal_quantile(confidence) ** 2 / 4.0
    return math.ceil(population / (1.0 + margin**2 * (population - 1) / spread))


@dataclass(frozen=True, slots=True)
class PlannedStratum:
    """Knowledge of one stratum before more trials are planned.

    Attributes:
        weight: share of the sites, in (0, 1].
        deviation: standard deviation of a trial so far; 0 where trials showed all the same.
        trials: trials done.
    """

    weight: float
    deviation: float
    trials: int


def allot(
    strata: Sequence[PlannedStratum], margin: float, confidence: float, step: int
) -> list[int]:
    """Trials for each stratum so that half of the interval's width is likely the margin.

    Of the interval of `weighted.sum_limits` two things count: the unseen event, whose arm is
    c s with c = -ln(alpha/2) where a trial weighs most, s = max weight/trials; and the spread of
    what was seen, a = z sqrt(V), which reaches both ways. With upper arm sqrt((c s)^2 + a^2) and
    lower arm a, half of the width is e where a = e - (c s)^2 / (4 e). For each s the rest follows
    by Neyman's rule (Cochran, *Sampling Techniques*, ch. 5.5); the cheapest s is taken.

    Args:
        strata: what is known.
        margin: e, as a fraction.
        confidence: of the interval.
        step: trials are allotted in multiples of this.

    Returns:
        Numbers of trials, never fewer than now, more than now for at least one stratum.

    >>> allot([PlannedStratum(31 / 32, 0.0, 16), PlannedStratum(1 / 32, 0.5, 16)], 0.01, 0.99, 16)
    [368, 64]
    """
    now = sum(s.trials for s in strata)
    aim = margin
    while True:
        found = _cheapest(strata, aim, confidence, step)
        if sum(found) > now:
            return found
        aim *= _SHRINK


GROWTH = 3
"""Most times that a stratum grows between two looks: one event in a pilot of 16 says little."""


def next_trials(
    strata: Sequence[AreaStratum], margin: float, confidence: float, step: int
) -> list[int] | None:
    """Trials of each stratum of an area that its next look waits for.

    Args:
        strata: the area so far, each with trials; those that are exact need no more.
        margin: half of the width that the intervals of SDC and DUE may have.
        confidence: of these intervals.
        step: trials are allotted in multiples of this.

    Returns:
        None where the margin is kept; else more trials than now for at least one stratum.
    """
    found = estimate_area(strata, confidence)
    if max(half_width(found.sdc), half_width(found.due)) <= margin:
        return None
    return more_trials(strata, margin, confidence, step, GROWTH)


def more_trials(
    strata: Sequence[AreaStratum], margin: float, confidence: float, step: int, growth: int
) -> list[int]:
    """Trials of each stratum after which the intervals of SDC and DUE likely keep a margin.

    Args:
        strata: the area so far, each with trials; those that are exact need no more.
        margin: half of the width that the intervals may have.
        confidence: of these intervals.
        step: trials are allotted in multiples of this.
        growth: most times that a stratum grows.
    """
    now = [s.tally.trials for s in strata]
    drawn = [i for i, s in enumerate(strata) if s.exact is None]
    wanted = list(now)
    outcomes: tuple[Literal["sdc", "due"], ...] = ("sdc", "due")
    for outcome in outcomes:
        known = [
            PlannedStratum(strata[i].weight, deviation(strata[i].tally, outcome), now[i])
            for i in drawn
        ]
        for i, trials in zip(drawn, allot(known, margin, confidence, step), strict=True):
            wanted[i] = max(wanted[i], min(trials, growth * now[i]))
    return wanted


def columns_trials(columns: int, share: float, margin: float, confidence: float) -> int:
    """Trials of a stratum from which the map's bit positions are known to a margin of their own.

    Each column then has so many that nothing seen in it leaves at most twice the margin open,
    where the tensor has this share of all elements of its type: the bound of the heaviest trial
    (`weighted`).

    Args:
        columns: bit positions of an element, 1 or more.
        share: of the tensor among all elements of its type, in (0, 1].
        margin: half-width that a bit position is to be known to, in (0, 1).
        confidence: coverage, in (0, 1).

    >>> columns_trials(22, 0.137, 0.03, 0.99)
    267
    """
    unseen = -math.log((1.0 - confidence) / 2.0)
    return math.ceil(columns * share * unseen / (2.0 * margin))


def _cheapest(
    strata: Sequence[PlannedStratum], margin: float, confidence: float, step: int
) -> list[int]:
    unseen = -math.log((1.0 - confidence) / 2.0)
    weight = np.array([s.weight for s in strata])
    moved = weight * np.array([s.deviation for s in strata])
    least = np.array([s.trials for s in strata], np.float64)
    arm = 2.0 * margin * np.geomspace(0.99, 1.0 / _FINEST, _SCALES)
    reach = margin - arm**2 / (4.0 * margin)
    wanted = np.maximum(least, weight * unseen / arm[:, None])
    wanted = _spread_out(wanted, moved, (reach / normal_quantile(confidence)) ** 2)
    rounded = np.maximum(step, np.ceil(wanted / step - 1e-9) * step)
    best = rounded[rounded.sum(axis=1).argmin()]
    return [int(n) for n in best]


def _spread_out(trials: FloatArray, moved: FloatArray, variance: FloatArray) -> FloatArray:
    """At least these trials, and as many more by Neyman's rule as the variance asks for.

    The fewest are max(trials, l moved) with the smallest l that keeps the sum of moved^2/trials.
    As l grows, strata join in the order of trials/moved; between two of them l is explicit.

    Args:
        trials: float64 (plans, strata).
        moved: float64 (strata,), weight times standard deviation.
        variance: float64 (plans,), what the sum may be.
    """
    some = moved > _NO_SPREAD
    if not some.any():
        return trials
    base, sigma = trials[:, some], moved[some]
    joining = np.argsort(base / sigma, axis=1)
    joins = np.take_along_axis(base / sigma, joining, axis=1)
    sigmas = sigma[joining]
    terms = sigmas**2 / np.take_along_axis(base, joining, axis=1)
    fixed = terms.sum(axis=1, keepdims=True) - np.cumsum(terms, axis=1)
    room = variance[:, None] - fixed
    needed = np.where(
        room > 0.0, np.cumsum(sigmas, axis=1) / np.where(room > 0.0, room, 1.0), np.inf
    )
    ends = np.concatenate((joins[:, 1:], np.full((len(joins), 1), np.inf)), axis=1)
    level = np.where(needed <= ends, np.maximum(needed, joins), np.inf).min(axis=1)
    enough = terms.sum(axis=1) <= variance
    return np.maximum(trials, np.where(enough, 0.0, level)[:, None] * moved)
