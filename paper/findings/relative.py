"""Accuracy as a share of what a network has above chance: fault tolerance at equal start."""

from __future__ import annotations

from collections.abc import Callable

from paper.findings.crossing import CHANCE
from paper.findings.results import Curve


def relative_area(curve: Curve) -> float:
    """Area above chance over fault-free accuracy above chance: 1 where no fault does harm."""
    return (curve.area.estimate - CHANCE) / (curve.golden - CHANCE)


def left_at(rate: float) -> Callable[[Curve], float | None]:
    """A figure of a curve: the share of accuracy above chance that is left at a rate.

    Args:
        rate: one of the sweep; 3e-5 stands for 3.2e-5 as well.

    Returns:
        A function: None for a curve without that rate, below 0 where answers become NaN.
    """

    def left(curve: Curve) -> float | None:
        found = curve.at(rate)
        if found is None:
            return None
        return (found.estimate - CHANCE) / (curve.golden - CHANCE)

    return left
