"""Harm to single pixels, from the trials of a sweep: the share that changes, the IoU by class."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analyzer.campaign.class_shares import CellTrials
from analyzer.campaign.golden_answers import GoldenAnswers
from analyzer.evaluation.pixel_figures import PIXELS_CHANGED, figure_names
from analyzer.evaluation.rules.pixel_scores import UNITS
from analyzer.stats.domains import DomainStratum, DomainTally, domain_share
from analyzer.stats.intervals import Interval
from analyzer.stats.levels import each_of

EVERY = -1
"""Stands for a class where all images count: those of which pixels change."""


@dataclass(frozen=True, slots=True)
class ClassIou:
    """IoU of one class, over the images whose label shows it.

    Attributes:
        number: Of the class.
        images: That show it.
        trials: That met such images.
        golden: Mean without faults.
        pooled: Of its pixels of all images together, without faults.
        iou: Mean under faults; None while too much is untried.
        alone: The same with the confidence of a figure that stands alone.
    """

    number: int
    images: int
    trials: int
    golden: float
    pooled: float
    iou: Interval | None
    alone: Interval | None


@dataclass(frozen=True, slots=True)
class PixelShares:
    """Harm to single pixels at one bit error rate.

    Attributes:
        changed: Mean share of an image's pixels that silently change class; None while too much
            is untried.
        classes: Ascending by number; empty without labels.
        confidence: Of each interval of the classes, so that all of them hold together.
    """

    changed: Interval | None
    classes: tuple[ClassIou, ...]
    confidence: float


@dataclass(frozen=True)
class PixelGroups:
    """The images that a trial may meet together, as far as their pixels matter.

    Attributes:
        met: One entry per group, by class: how many images show it, and the sum of golden's scores
            of them in units of 1 / `UNITS`. `EVERY` stands for all images.
        pooled: By class, the fault-free IoU of the pixels of all images together.
    """

    met: tuple[Mapping[int, tuple[int, int]], ...]
    pooled: Mapping[int, float]

    @property
    def golden(self) -> dict[int, tuple[int, int]]:
        """The same of all groups together."""
        total: dict[int, tuple[int, int]] = {}
        for group in self.met:
            for number, (images, score) in group.items():
                before = total.get(number, (0, 0))
                total[number] = (before[0] + images, before[1] + score)
        return total


def pixel_groups(golden: GoldenAnswers, *, resident: bool = False) -> PixelGroups | None:
    """The groups of a data set; None: decisions are no classes of pixels.

    Args:
        golden: the data set and its fault-free answers.
        resident: a trial meets all images instead of one batch.
    """
    groups = []
    for batch in golden.by_batch:
        if batch.pixels is None:
            return None
        groups.append({**batch.pixels.by_class, EVERY: (len(batch.scores), 0)})
    each = PixelGroups(tuple(groups), _pooled(golden))
    return replace(each, met=(each.golden,)) if resident else each


def _pooled(golden: GoldenAnswers) -> dict[int, float]:
    """Fault-free IoU of the pixels of all images together, by class that answers or labels show."""
    both, either = Counter[int](), Counter[int]()
    for batch in golden.by_batch:
        if batch.pixels is not None and batch.pixels.counts is not None:
            both.update(dict(enumerate(batch.pixels.counts.both.tolist())))
            either.update(dict(enumerate(batch.pixels.counts.either.tolist())))
    return {number: both[number] / total for number, total in either.items() if total}


def pixel_shares(
    groups: PixelGroups,
    cells: Sequence[CellTrials],
    confidence: float,
    untried: float,
    harmless: float = 0.0,
) -> PixelShares:
    """Estimate the harm to single pixels.

    Args:
        groups: of the images.
        cells: every stratum; weights and ``harmless`` sum to 1.
        confidence: of the share that changes, and of all classes together; in (0, 1).
        untried: largest weight of strata without any image of a class where it has an estimate.
        harmless: probability of patterns without upset, in [0, 1].
    """
    golden = groups.golden
    numbers = sorted(number for number in golden if number != EVERY)
    each = each_of(max(1, len(numbers)), confidence)
    tallies = [_tallies(groups, cell, golden) for cell in cells]

    def strata(number: int) -> list[DomainStratum]:
        found = [
            DomainStratum(cell.weight, tally[number], cell.counted)
            for cell, tally in zip(cells, tallies, strict=True)
        ]
        images, score = golden[number]
        known = DomainTally(1, images * UNITS, (images * UNITS) ** 2, score)
        return found + [DomainStratum(harmless, known, counted=True)] * (harmless > 0.0)

    classes = [
        ClassIou(
            number=number,
            images=golden[number][0],
            trials=sum(tally[number].trials for tally in tallies),
            golden=golden[number][1] / (golden[number][0] * UNITS),
            pooled=groups.pooled[number],
            iou=domain_share(strata(number), each, untried),
            alone=domain_share(strata(number), confidence, untried),
        )
        for number in numbers
    ]
    return PixelShares(domain_share(strata(EVERY), confidence, untried), tuple(classes), each)


def further_figures(
    found: PixelShares | None, names: Sequence[str]
) -> tuple[tuple[str, Interval], ...]:
    """The same by name, as conditions of a gate name them; each stands alone.

    Args:
        found: of one bit error rate; None: there are no such figures.
        names: what the model calls its classes, in their order; empty: it states none.
    """
    if found is None:
        return ()
    figures = [] if found.changed is None else [(PIXELS_CHANGED, found.changed)]
    called = figure_names([one.number for one in found.classes], names)
    for one in found.classes:
        if one.alone is not None:
            figures += [(name, one.alone) for name in called[one.number]]
    return tuple(figures)


Sums = dict[int, list[int]]
"""By class: trials, and sums of m, m^2, x, x^2 and x m, as of a `DomainTally`."""


def _tallies(
    groups: PixelGroups, cell: CellTrials, classes: Mapping[int, object]
) -> dict[int, DomainTally]:
    """Tallies of one stratum, class by class: x are scores, m the most that they can be."""
    sums: Sums = {number: [0] * 6 for number in classes}
    for group, times in Counter(cell.groups).items():
        for number, (images, score) in groups.met[group].items():
            most = images * UNITS
            parts = (1, most, most**2, score, score**2, score * most)
            for place, part in enumerate(parts):
                sums[number][place] += times * part
    for group, outcomes in zip(cell.groups, cell.outcomes, strict=True):
        changed, moved = outcomes.pixels
        for number, by in (*moved, *([(EVERY, changed)] if changed else [])):
            images, score = groups.met[group][number]
            own = sums[number]
            own[3] += by
            own[4] += by * (2 * score + by)
            own[5] += by * images * UNITS
    return {number: DomainTally(*own) for number, own in sums.items()}
