"""Neyman's rule: the split of trials over strata with which a weighted mean varies least.

Stratum h gets n w_h s_h / sum_k w_k s_k of n trials (Cochran, *Sampling Techniques*, ch. 5.5).
"""

import math
from collections.abc import Sequence


def neyman_shares(
    weights: Sequence[float], deviations: Sequence[float], total: float
) -> list[float]:
    """Trials for each stratum, not yet whole numbers; callers round as their trials come.

    Args:
        weights: w_h of each stratum, 0 or more.
        deviations: s_h, standard deviation of one trial of each stratum, 0 or more; guesses serve.
        total: n, the trials of all strata together.

    Returns:
        n_h of each stratum; all 0 where every product w_h s_h is 0.

    >>> neyman_shares([0.75, 0.25], [1.0, 1.0], 64)
    [48.0, 16.0]
    """
    products = [weight * s for weight, s in zip(weights, deviations, strict=True)]
    whole = math.fsum(products) or 1.0
    return [total * product / whole for product in products]
