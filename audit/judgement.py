"""z-scores, and how large they may be by chance.

All z of one *group* (the figures of one campaign at one rate, the two figures of one tensor) rest
on the same trials and may depend on one another in any way. Groups have independent random numbers.
Every bound holds for that, and for z that are normal with mean 0 and variance 1 or less.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from audit.brute_force import Mean
from audit.tool import Figure

FALSE_ALARM = 1e-3
"""Probability, at most, that a faultless tool fails: a third for each of the three criteria."""


@dataclass(frozen=True)
class Score:
    """One figure of the tool beside the same figure by brute force."""

    quantity: str
    figure: Figure
    brute: Mean

    @property
    def z(self) -> float:
        """Difference over its standard error, positive where the tool's figure is the larger."""
        tool = self.figure.error_towards(self.brute.value)
        return (self.figure.value - self.brute.value) / math.hypot(tool, self.brute.error)


@dataclass(frozen=True)
class Group:
    """Scores that rest on the same trials."""

    case: str
    scores: tuple[Score, ...]

    @property
    def mean_square(self) -> float:
        """Mean of z²."""
        return sum(s.z**2 for s in self.scores) / len(self.scores)


@dataclass(frozen=True)
class Criterion:
    """A figure of all z-scores, and the most that chance allows."""

    name: str
    found: float
    allowed: float

    @property
    def met(self) -> bool:
        """True where chance explains the figure."""
        return self.found <= self.allowed


def criteria(groups: Sequence[Group], false_alarm: float = FALSE_ALARM) -> list[Criterion]:
    """Rms z, the number of groups with an absolute z above 3, and the largest absolute z.

    Args:
        groups: scores, independent from group to group.
        false_alarm: the probability, at most, that a criterion is not met by chance.
    """
    share = false_alarm / 3
    sizes = [len(g.scores) for g in groups]
    every = [abs(s.z) for g in groups for s in g.scores]
    rms = math.sqrt(sum(g.mean_square for g in groups) / len(groups))
    beyond = sum(any(abs(s.z) > 3 for s in g.scores) for g in groups)
    return [
        Criterion("rms z", rms, rms_limit(len(groups), share)),
        Criterion("groups with a |z| > 3", beyond, tail_limit(sizes, share)),
        Criterion("largest |z|", max(every), largest_limit(sum(sizes), share)),
    ]


def rms_limit(groups: int, probability: float) -> float:
    """The x that the root of the mean over groups of each group's mean z² exceeds rarely.

    Let q be a group's mean z². exp is convex, so that E exp(tq) <= max over i of E exp(t z_i²) <=
    (1-2t)^(-1/2), however the z depend (Jensen). By Chernoff's bound over G independent groups,
    P(mean q >= y) <= (y e^(1-y))^(G/2) for y > 1. Solved for y by bisection; x = sqrt(y).

    Args:
        groups: G, at least 1.
        probability: the bound on P(rms > x), between 0 and 1.

    >>> round(rms_limit(30, 1e-3), 2)
    1.51
    """
    low, high = 1.0, 1e4
    while high - low > 1e-9:
        middle = (low + high) / 2
        log_bound = groups / 2 * (math.log(middle) + 1 - middle)
        low, high = (middle, high) if log_bound > math.log(probability) else (low, middle)
    return math.sqrt(high)


def tail_limit(sizes: Sequence[int], probability: float) -> int:
    """The number k of groups with a |z| > 3 that is exceeded rarely.

    A group of m scores has one with probability m * 2 Phi(-3) at most. The number of groups has the
    law of a sum of independent events with these probabilities (Poisson binomial).

    Args:
        sizes: scores of each group.
        probability: the bound on P(more than k groups).

    >>> tail_limit([4] * 30, 1e-3)
    3
    """
    law = [1.0]
    for size in sizes:
        p = min(1.0, size * 2 * NormalDist().cdf(-3))
        law = [a * (1 - p) + b * p for a, b in zip([*law, 0.0], [0.0, *law], strict=True)]
    k = len(law) - 1
    while k > 0 and sum(law[k:]) <= probability:
        k -= 1
    return k


def largest_limit(scores: int, probability: float) -> float:
    """The z that one of all scores exceeds rarely: scores * 2 Phi(-z) = probability (Bonferroni).

    Args:
        scores: how many.
        probability: the bound on P(any |z| > limit).

    >>> round(largest_limit(1, 0.0027), 2)
    3.0
    """
    return -NormalDist().inv_cdf(probability / (2 * scores))
