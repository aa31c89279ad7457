"""Counts of a campaign so far, as integers that add.

A *trial* is one fault pattern on one batch of images. The images of a trial share the pattern,
so the trial is the cluster (Cochran, *Sampling Techniques*, ch. 9) and only two sums over trials
are needed: of the trial's per-image mean y, and of y**2. Both are kept as integers in units of
1/unit and 1/unit**2, hence shards, resume and merge are plain addition: exact, in any order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Moments:
    """Exact first and second moments of one per-trial quantity y.

    Attributes:
        total: sum of y over trials, in units of 1/unit.
        squares: sum of y**2 over trials, in units of 1/unit**2.
    """

    total: int = 0
    squares: int = 0

    def __add__(self, other: Self) -> Self:
        """Moments of both sets of trials together.

        >>> Moments(3, 9) + Moments(-1, 1)
        Moments(total=2, squares=10)
        """
        return type(self)(self.total + other.total, self.squares + other.squares)


@dataclass(frozen=True, slots=True)
class Tally:
    """Outcome sums of a set of trials.

    Attributes:
        unit: common denominator; the per-image mean of every trial is k/unit exactly, so unit is
            a multiple of every batch size in use times ``denominator``.
        trials: number of trials, that is of clusters.
        images: number of images over all trials.
        sdc: share of a trial's images whose output was silently corrupted, y in [0, 1].
        due: share of a trial's images that ended in a detected unrecoverable error, y in [0, 1].
        masked: share of a trial's images that the faults did not harm, y in [0, 1].
        lost: share of a trial's images right in the golden run and wrong under faults, in [0, 1];
            of scores, by how much they are below golden's where they are, per image.
        gained: share of a trial's images wrong in the golden run and right under faults; of
            scores, by how much they are above golden's.
        net: gained minus lost within each trial, y in [-1, 1].
        right: number of images over all trials that were right in the golden run, or sum of
            golden's scores in units of 1/denominator; None: of some it is not known.
        denominator: of scores, at least 1. With 1 an image is right or wrong.
        corrected: share of a trial's images that met upsets all of which the memory corrected.
        detected: share of a trial's images that met an error that the memory found.
        critical: share of a trial's images whose silent corruption is critical; None: nothing
            tells which is, or there is no trial.
        noncritical: share of a trial's images whose silent corruption is not critical; None
            likewise.
    """

    unit: int
    trials: int = 0
    images: int = 0
    sdc: Moments = Moments()
    due: Moments = Moments()
    masked: Moments = Moments()
    lost: Moments = Moments()
    gained: Moments = Moments()
    net: Moments = Moments()
    right: int | None = field(default=0, kw_only=True)
    denominator: int = field(default=1, kw_only=True)
    corrected: Moments = field(default=Moments(), kw_only=True)
    detected: Moments = field(default=Moments(), kw_only=True)
    critical: Moments | None = field(default=None, kw_only=True)
    noncritical: Moments | None = field(default=None, kw_only=True)

    @property
    def score_images(self) -> int:
        """The number by which images count where scores are judged.

        Right and wrong answers of one image vary at least as much as a coin does. Scores need not:
        what varies independently is at best each unit of a score.
        """
        return self.images * self.denominator

    @classmethod
    def empty(cls, unit: int) -> Self:
        """The tally of no trials: the zero of addition.

        Raises:
            ValueError: if unit is not positive.
        """
        if unit < 1:
            raise ValueError(f"unit must be at least 1, not {unit}")
        return cls(unit)

    @classmethod
    def of_trial(
        cls, unit: int, images: int, sdc: int, due: int, masked: int, lost: int, gained: int
    ) -> Self:
        """The tally of one trial, from its image counts.

        Args:
            unit: common denominator of the campaign, a multiple of images.
            images: batch size, at least 1.
            sdc: images silently corrupted.
            due: images with a detected unrecoverable error.
            masked: images unharmed; sdc + due + masked is at most images.
            lost: images right before and wrong under faults.
            gained: images wrong before and right under faults; lost + gained is at most images.

        Raises:
            ValueError: if images does not divide unit or a count is impossible.

        >>> tally = Tally.of_trial(64, 32, sdc=3, due=0, masked=29, lost=2, gained=1)
        >>> tally.sdc, tally.net
        (Moments(total=6, squares=36), Moments(total=-2, squares=4))
        """
        return cls.of_trials(unit, [(images, sdc, due, masked, lost, gained)])

    @classmethod
    def of_trials(cls, unit: int, trials: Iterable[tuple[int, ...]], denominator: int = 1) -> Self:
        """The tally of some trials: the sum of their tallies, in one go.

        Args:
            unit: common denominator of the campaign, a multiple of the images of each trial times
                ``denominator``.
            trials: images, sdc, due, masked, lost and gained of each, as in `of_trial`; and, if
                that is known, how many images were right in the golden run.
            denominator: lost, gained and right are sums of scores in units of 1/denominator.

        Raises:
            ValueError: if the images of one do not divide unit or a count is impossible.

        >>> Tally.of_trials(4, [(4, 1, 0, 3, 1, 0), (2, 0, 0, 2, 0, 0)]).masked
        Moments(total=7, squares=25)
        >>> Tally.of_trials(1, [(1, 1, 0, 0, 1, 0, 1), (1, 0, 0, 1, 0, 0, 0)]).right
        1
        >>> graded = Tally.of_trials(10, [(1, 1, 0, 0, 3, 0, 9)], denominator=10)
        >>> graded.sdc, graded.lost
        (Moments(total=10, squares=100), Moments(total=3, squares=9))
        """
        number = images = right = unknown = 0
        totals, squares = [0] * _QUANTITIES, [0] * _QUANTITIES
        for trial in trials:
            scale = _scale(unit, denominator, *trial)
            number, images = number + 1, images + trial[0]
            right, unknown = right + sum(trial[6:]), unknown + (len(trial) < 7)
            whole = (count * denominator for count in trial[1:4])
            for i, count in enumerate((*whole, *trial[4:6], trial[5] - trial[4])):
                totals[i] += count * scale
                squares[i] += (count * scale) ** 2
        moments = map(Moments, totals, squares)
        known = None if unknown else right
        return cls(unit, number, images, *moments, right=known, denominator=denominator)

    def with_memory(self, trials: Iterable[tuple[int, int, int]]) -> Self:
        """The same, with what a protected memory did in the same trials.

        Args:
            trials: images, ``corrected`` and ``detected`` of each trial.

        >>> Tally.of_trials(2, [(2, 0, 0, 2, 0, 0)]).with_memory([(2, 2, 0)]).corrected
        Moments(total=2, squares=4)
        """
        shares = [(c * self.unit // n, d * self.unit // n) for n, c, d in trials]
        corrected, detected = (
            Moments(sum(column), sum(share**2 for share in column))
            for column in ([c for c, _ in shares], [d for _, d in shares])
        )
        return replace(self, corrected=corrected, detected=detected)

    def with_critical(self, trials: Iterable[tuple[int, int, int]]) -> Self:
        """The same, with the silent corruption of the same trials in two: critical, and not.

        Args:
            trials: images, ``sdc`` and ``critical`` of each trial, ``critical`` of them at most
                ``sdc``.

        >>> tally = Tally.of_trials(4, [(4, 3, 0, 1, 0, 0)]).with_critical([(4, 3, 1)])
        >>> tally.critical, tally.noncritical
        (Moments(total=1, squares=1), Moments(total=2, squares=4))
        """
        shares = [(c * self.unit // n, (sdc - c) * self.unit // n) for n, sdc, c in trials]
        if not shares:
            return self
        critical, others = (
            Moments(sum(column), sum(share**2 for share in column))
            for column in zip(*shares, strict=True)
        )
        return replace(self, critical=critical, noncritical=others)

    @property
    def kept(self) -> Moments:
        """Moments of the share that is not lost, exactly: of 1 - y, given those of y.

        >>> Tally.of_trials(4, [(4, 1, 0, 3, 1, 0), (2, 0, 0, 2, 0, 0)]).kept
        Moments(total=7, squares=25)
        """
        total, squares = self.lost.total, self.lost.squares
        n, unit = self.trials, self.unit
        return Moments(n * unit - total, n * unit**2 - 2 * unit * total + squares)

    def __add__(self, other: Self) -> Self:
        """Both sets of trials together; exact, associative and commutative.

        Raises:
            ValueError: if the units differ.

        >>> one = Tally.of_trial(4, 4, sdc=1, due=0, masked=3, lost=1, gained=0)
        >>> (one + one).sdc, (one + Tally.empty(4)) == one
        (Moments(total=2, squares=2), True)
        """
        if self.unit != other.unit:
            raise ValueError(f"tallies in different units: 1/{self.unit} and 1/{other.unit}")
        denominator = self.denominator if self.trials else other.denominator
        if other.trials and other.denominator != denominator:
            raise ValueError(f"scores in units of 1/{denominator} and 1/{other.denominator}")
        return type(self)(
            unit=self.unit,
            trials=self.trials + other.trials,
            images=self.images + other.images,
            sdc=self.sdc + other.sdc,
            due=self.due + other.due,
            masked=self.masked + other.masked,
            lost=self.lost + other.lost,
            gained=self.gained + other.gained,
            net=self.net + other.net,
            right=_known(self.right, other.right),
            denominator=denominator,
            corrected=self.corrected + other.corrected,
            detected=self.detected + other.detected,
            critical=self._told(other, self.critical, other.critical),
            noncritical=self._told(other, self.noncritical, other.noncritical),
        )

    def _told(self, other: Self, own: Moments | None, theirs: Moments | None) -> Moments | None:
        """The sum of moments that may not be known; no trials add nothing."""
        if not self.trials or not other.trials:
            return own if self.trials else theirs
        return None if own is None or theirs is None else own + theirs


def _known(one: int | None, other: int | None) -> int | None:
    """The sum of both, if both are known."""
    return None if one is None or other is None else one + other


_QUANTITIES = 6
"""Those of which a tally keeps moments."""


def _scale(
    unit: int,
    denominator: int,
    images: int,
    sdc: int,
    due: int,
    masked: int,
    lost: int,
    gained: int,
    right: int | None = None,
) -> int:
    """Units per image and unit of a score of one trial, whose counts are checked."""
    most = images * denominator
    if min(images, unit, denominator) < 1 or unit % most:
        raise ValueError(f"a batch of {images} images does not divide the unit {unit}")
    if min(sdc, due, masked, lost, gained) < 0:
        raise ValueError("image counts cannot be negative")
    if sdc + due + masked > images or lost + gained > most:
        raise ValueError(f"more outcomes than the {images} images of the trial")
    if right is not None and not lost <= right <= most - gained:
        raise ValueError(
            f"{lost} lost and {gained} gained of {images} images, {right} right before"
        )
    return unit // most
