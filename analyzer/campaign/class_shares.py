"""Silent corruption by class of the images, from the trials of a campaign."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analyzer.campaign.golden_answers import GoldenAnswers
from analyzer.evaluation.outcomes import Outcomes
from analyzer.stats.domains import DomainStratum, DomainTally, domain_share
from analyzer.stats.intervals import Interval
from analyzer.stats.levels import each_of

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ClassShare:
    """Silent corruption of the images of one class.

    Attributes:
        number: Of the class.
        images: In the data set.
        trials: That met such images.
        sdc: Probability of silent data corruption; None while too much is untried.
        critical: Of that which is critical; None likewise, and where nothing tells which is.
    """

    number: int
    images: int
    trials: int
    sdc: Interval | None
    critical: Interval | None


@dataclass(frozen=True, slots=True)
class ClassShares:
    """All classes, ascending by number.

    Attributes:
        classes: Two or more.
        confidence: Of each interval, so that all of them hold together with that of the campaign.
    """

    classes: tuple[ClassShare, ...]
    confidence: float


@dataclass(frozen=True)
class ImageClasses:
    """The classes of the images that a trial may meet together.

    Attributes:
        numbers: Of the classes, ascending.
        met: One entry per group of images that a trial meets, by class: how many images.
    """

    numbers: tuple[int, ...]
    met: tuple[Mapping[int, int], ...]

    @cached_property
    def places(self) -> Mapping[int, int]:
        """Place of each class among ``numbers``."""
        return {number: place for place, number in enumerate(self.numbers)}

    @cached_property
    def images(self) -> Mapping[int, int]:
        """Images of each class in all groups."""
        found = Counter[int]()
        for group in self.met:
            found.update(group)
        return found


def image_classes(golden: GoldenAnswers, *, resident: bool = False) -> ImageClasses | None:
    """The classes of the images of a data set; None: decisions are no classes, or there is but one.

    Args:
        golden: the data set and its fault-free answers.
        resident: a trial meets all images instead of one batch.
    """
    groups: list[Counts] = []
    for batch in golden.by_batch:
        if batch.image_classes is None:
            return None
        groups.append(batch.image_classes)
    if resident:
        groups = [np.concatenate(groups)]
    met = []
    for group in groups:
        numbers, counts = np.unique(group[group >= 0], return_counts=True)
        met.append(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))
    found = sorted({number for group in met for number in group})
    return ImageClasses(tuple(found), tuple(met)) if len(found) > 1 else None


@dataclass(frozen=True)
class CellTrials:
    """The trials of one stratum that count.

    Attributes:
        weight: Of the stratum.
        outcomes: One entry per trial.
        groups: Index in `ImageClasses.met` of the images that each trial met.
        counted: The trials are all that there can be.
    """

    weight: float
    outcomes: Sequence[Outcomes]
    groups: Sequence[int]
    counted: bool = False


def class_shares(
    classes: ImageClasses,
    cells: Sequence[CellTrials],
    confidence: float,
    untried: float,
    told: bool,
    harmless: float = 0.0,
) -> ClassShares:
    """Estimate silent corruption class by class.

    Args:
        classes: of the images.
        cells: every stratum; weights and ``harmless`` sum to 1.
        confidence: of all intervals together, in (0, 1).
        untried: largest weight of strata without any image of a class where it has an estimate.
        told: a table tells critical confusions.
        harmless: probability of patterns without upset, in [0, 1].
    """
    each = each_of(len(classes.numbers) * (1 + told), confidence)
    tallies = [_tallies(classes, cell) for cell in cells]
    unharmed = [DomainStratum(harmless, DomainTally(1, 1, 1), counted=True)] if harmless else []
    found = []
    for place, number in enumerate(classes.numbers):
        sdc, critical = (
            [
                DomainStratum(cell.weight, tally[part][place], cell.counted)
                for cell, tally in zip(cells, tallies, strict=True)
            ]
            for part in (0, 1)
        )
        found.append(
            ClassShare(
                number=number,
                images=classes.images[number],
                trials=sum(stratum.tally.trials for stratum in sdc),
                sdc=domain_share(sdc + unharmed, each, untried),
                critical=domain_share(critical + unharmed, each, untried) if told else None,
            )
        )
    return ClassShares(tuple(found), each)


def _tallies(
    classes: ImageClasses, cell: CellTrials
) -> tuple[list[DomainTally], list[DomainTally]]:
    """Tallies of SDC and of critical SDC in one stratum, class by class."""
    size = len(classes.numbers)
    met = np.zeros((3, size), np.int64)
    for group, times in Counter(cell.groups).items():
        for number, images in classes.met[group].items():
            met[:, classes.places[number]] += times * np.array((1, images, images**2))
    struck = np.zeros((2, 3, size), np.int64)
    for group, outcomes in zip(cell.groups, cell.outcomes, strict=True):
        for harm in outcomes.by_class:
            if harm.number in classes.places:
                images, place = classes.met[group][harm.number], classes.places[harm.number]
                for part, x in enumerate((harm.sdc, harm.critical)):
                    struck[part, :, place] += np.array((x, x**2, x * images))
    sdc, critical = (
        [DomainTally(*sums) for sums in np.concatenate((met, part)).T.tolist()] for part in struck
    )
    return sdc, critical
