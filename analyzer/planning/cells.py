"""Knowledge of single events: the probability that one does harm, part by part of a tensor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analyzer.faults.models import FaultModel


class Share(NamedTuple):
    """An estimate of a probability.

    Attributes:
        mean: In [0, 1].
        variance: Of the estimate; 0 where everything was counted.
    """

    mean: float
    variance: float = 0.0


UNKNOWN = Share(1.0)
"""What nothing is known of counts as if every event did harm."""


def estimated(mean: float, trials: int) -> Share:
    """An estimate from trials that each show a share in [0, 1].

    The variance is that of the Beta law to which Jeffreys' prior leads, a = n y + 1/2 and
    b = n (1 - y) + 1/2: it is above 0 where nothing was seen, too (Brown, Cai and DasGupta,
    Statistical Science 16(2), 2001). Shares in [0, 1] vary at most as much as outcomes 0 and 1 of
    the same mean do.

    Args:
        mean: of the shares.
        trials: their number; 0: nothing is known.

    >>> estimated(0.0, 99).mean, round(estimated(0.0, 99).variance, 8)
    (0.0, 4.926e-05)
    """
    if not trials:
        return UNKNOWN
    a, b = trials * mean + 0.5, trials * (1.0 - mean) + 0.5
    return Share(mean, a * b / ((a + b) ** 2 * (a + b + 1.0)))


@dataclass(frozen=True, slots=True)
class Cell:
    """Some bit positions of all elements of a tensor.

    Attributes:
        positions: Bit positions, ascending.
        sdc: Probability of silent corruption, given one event that begins there.
        due: That of a detected error.
    """

    positions: tuple[int, ...]
    sdc: Share
    due: Share


@dataclass(frozen=True, slots=True)
class EventKind:
    """Events of one kind, and the harm that they do where nothing protects the memory.

    Attributes:
        share: Of all events of the memory, in (0, 1].
        fault: What one event does; no mixture.
        cells: For each tensor, a partition of its bit positions.
    """

    share: float
    fault: FaultModel
    cells: Sequence[Sequence[Cell]]
