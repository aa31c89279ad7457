"""Outcomes of a stratum all of whose pairs of site and batch were run."""

from collections.abc import Sequence

from analyzer.evaluation.outcomes import Outcomes
from analyzer.stats.areas import ExactShares


def exact_shares(outcomes: Sequence[Outcomes], told: bool) -> ExactShares:
    """Shares of the images.

    Args:
        outcomes: of every pair, at least one.
        told: some confusions are critical.
    """
    total = sum(outcomes, Outcomes())
    n, units = total.images, total.images * total.denominator
    return ExactShares(
        sdc=total.sdc / n,
        due=total.due / n,
        lost=total.lost / units,
        gained=total.gained / units,
        corrected=total.corrected / n,
        detected=total.detected / n,
        critical=total.critical / n if told else None,
    )
