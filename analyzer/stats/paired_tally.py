"""Sums over trials that two models shared: the same fault pattern on the same images."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from analyzer.stats.tally import Moments, Tally

Counts = tuple[int, ...]
"""Of one trial of one model: images, sdc, due, masked, lost, gained and, if that is known, right,
as in `Tally.of_trials`."""

_SDC, _DUE, _LOST, _GAINED, _RIGHT = 1, 2, 4, 5, 6

_NONE = Moments()


@dataclass(frozen=True, slots=True)
class Change:
    """Exact moments of the amount by which a count of the second model exceeds that of the first.

    Attributes:
        up: of the share of a trial's images by which it is larger, else 0.
        down: of the share by which it is smaller, else 0.
    """

    up: Moments = _NONE
    down: Moments = _NONE

    @classmethod
    def of(cls, nets: Sequence[int]) -> Self:
        """Moments of some trials.

        >>> Change.of([3, 0, -1])
        Change(up=Moments(total=3, squares=9), down=Moments(total=1, squares=1))
        """
        ups = [n for n in nets if n > 0]
        downs = [-n for n in nets if n < 0]
        return cls(*(Moments(sum(side), sum(n * n for n in side)) for side in (ups, downs)))

    def __add__(self, other: Self) -> Self:
        """Moments of both sets of trials together."""
        return type(self)(self.up + other.up, self.down + other.down)

    @property
    def net(self) -> Moments:
        """Moments of up minus down: in any one trial at least one of the two is 0.

        >>> Change(Moments(3, 9), Moments(1, 1)).net
        Moments(total=2, squares=10)
        """
        return Moments(self.up.total - self.down.total, self.up.squares + self.down.squares)


@dataclass(frozen=True, slots=True)
class Kind:
    """Trials of one image that was right before faults in both models, in one of them, or in none.

    Attributes:
        trials: their number.
        first: sum of gained minus lost of the first model.
        second: the same of the second one.
    """

    trials: int = 0
    first: int = 0
    second: int = 0

    def __add__(self, other: Self) -> Self:
        """Both sets of trials together."""
        return type(self)(
            self.trials + other.trials, self.first + other.first, self.second + other.second
        )


Kinds = tuple[Kind, Kind, Kind, Kind]
"""By 2 if the image was right in the first model, and 1 if in the second."""

NO_KINDS: Kinds = (Kind(), Kind(), Kind(), Kind())


@dataclass(frozen=True, slots=True)
class PairedTally:
    """Sums over trials that two models shared; they add exactly, in any order.

    Attributes:
        first: tally of the first model over these trials.
        second: of the second one.
        sdc: change of the share silently corrupted.
        due: change of the share that ended in a detected error.
        net: change of gained minus lost, each against the model's own golden run; at most 2.
        kinds: of trials of one image that is right or wrong, without scores in between.
    """

    first: Tally
    second: Tally
    sdc: Change = Change()
    due: Change = Change()
    net: Change = Change()
    kinds: Kinds = NO_KINDS

    @property
    def trials(self) -> int:
        """Number of shared trials."""
        return self.first.trials

    @classmethod
    def of_trials(
        cls, unit: int, pairs: Iterable[tuple[Counts, Counts]], denominator: int = 1
    ) -> Self:
        """The tally of some trials.

        Args:
            unit: common denominator, a multiple of the images of each trial times
                ``denominator``.
            pairs: counts of the first and of the second model, trial by trial.
            denominator: lost, gained and right are sums of scores in units of 1/denominator.

        Raises:
            ValueError: a trial whose images do not divide unit or differ between the models, or
                whose counts are impossible.

        >>> first, second = (4, 2, 0, 2, 2, 0), (4, 1, 1, 2, 2, 0)
        >>> tally = PairedTally.of_trials(4, [(first, second)])
        >>> tally.sdc.net, tally.due.net, tally.net.net.total
        (Moments(total=-1, squares=1), Moments(total=1, squares=1), 0)
        """
        known = list(pairs)
        for first, second in known:
            if first[0] != second[0]:
                raise ValueError(f"a trial of {first[0]} images is none of {second[0]}")
        one, two = (Tally.of_trials(unit, (pair[i] for pair in known), denominator) for i in (0, 1))
        scaled = [(a, b, unit // a[0]) for a, b in known]
        return cls(
            one,
            two,
            sdc=Change.of([(b[_SDC] - a[_SDC]) * scale for a, b, scale in scaled]),
            due=Change.of([(b[_DUE] - a[_DUE]) * scale for a, b, scale in scaled]),
            net=Change.of([(_net(b) - _net(a)) * scale // denominator for a, b, scale in scaled]),
            kinds=_kinds(known) if denominator == 1 else NO_KINDS,
        )

    def __add__(self, other: Self) -> Self:
        """Both sets of trials together.

        Raises:
            ValueError: if the units differ.
        """
        one, two, three, four = (a + b for a, b in zip(self.kinds, other.kinds, strict=True))
        return type(self)(
            self.first + other.first,
            self.second + other.second,
            self.sdc + other.sdc,
            self.due + other.due,
            self.net + other.net,
            (one, two, three, four),
        )


def _net(counts: Counts) -> int:
    return counts[_GAINED] - counts[_LOST]


def _kinds(pairs: Sequence[tuple[Counts, Counts]]) -> Kinds:
    """The kinds of those trials that are of one image of which is known whether it was right."""
    found = list(NO_KINDS)
    for first, second in pairs:
        if first[0] == 1 and min(len(first), len(second)) > _RIGHT:
            place = 2 * first[_RIGHT] + second[_RIGHT]
            found[place] += Kind(1, _net(first), _net(second))
    one, two, three, four = found
    return one, two, three, four
