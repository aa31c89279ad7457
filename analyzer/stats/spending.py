"""Stopping as soon as a question is decided, without lying: error spent over the looks."""


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
