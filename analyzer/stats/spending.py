"""Stopping as soon as a question is decided, without lying: error spent over the looks."""

PILOT_SHARE, PLANNED_SHARE = 0.02, 0.8
"""Shares of the error that the first look spends, and the second, where the first only plans."""


def confidence_at(look: int, confidence: float) -> float:
    """Coverage that the interval of one look needs so that those of all looks hold together.

    Look *j* spends the share 1 / (j (j + 1)) of the error. The shares of all looks sum to 1, so
    that by the union bound the probability that *any* of the intervals misses the truth is at most
    ``1 - confidence``, whenever one stops and for whatever reason (alpha spending: Lan & DeMets
    1983; this schedule needs no last look).

    Args:
        look: number of the look, from 1 on.
        confidence: of all looks together, in (0, 1).

    >>> confidence_at(1, 0.95), round(confidence_at(4, 0.95), 4)
    (0.975, 0.9975)
    """
    return 1.0 - (1.0 - confidence) / (look * (look + 1))


def confidence_after_pilot(look: int, confidence: float) -> float:
    """The same, where the first look decides little but how many trials the second needs.

    The first look spends a fiftieth of the error, the second eight tenths, each later one half of
    what is left: again at most all of it.

    Args:
        look: number of the look, from 1 on.
        confidence: of all looks together, in (0, 1).

    >>> round(confidence_after_pilot(2, 0.95), 4), round(confidence_after_pilot(3, 0.95), 5)
    (0.96, 0.9955)
    """
    left = 1.0 - PILOT_SHARE - PLANNED_SHARE
    shares = {1: PILOT_SHARE, 2: PLANNED_SHARE}
    return 1.0 - (1.0 - confidence) * shares.get(look, left / 2.0 ** (look - 2))
