"""Outcomes of a stratum all of whose pairs of site and batch were run."""

from collections.abc import Sequence

from analyzer.evaluation.outcomes import Outcomes
from analyzer.stats.areas import ExactShares


def exact_shares(outcomes: Sequence[Outcomes], told: bool) -> ExactShares:
    """Shares of the images.

    Args:
        outcomes: of every pair, at least one; their scores have one denominator.
        told: some confusions are critical.
    """
    # Outcomes are not added up: that would merge their figures by class, which nobody asks for.
    n = sum(o.images for o in outcomes)
    units = n * max(o.denominator for o in outcomes if o.images)
    return ExactShares(
        sdc=sum(o.sdc for o in outcomes) / n,
        due=sum(o.due for o in outcomes) / n,
        lost=sum(o.lost for o in outcomes) / units,
        gained=sum(o.gained for o in outcomes) / units,
        corrected=sum(o.corrected for o in outcomes) / n,
        detected=sum(o.detected for o in outcomes) / n,
        critical=sum(o.critical for o in outcomes) / n if told else None,
    )
