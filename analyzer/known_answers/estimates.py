"""Estimates that a campaign makes of its trials."""

from dataclasses import dataclass

from analyzer.known_answers.records import KnownAnswer, exactly, show
from analyzer.stats.strata import Stratum, estimate_strata
from analyzer.stats.tally import Tally

Trial = tuple[int, int, int, int, int, int]
"""Images, and how many of them are SDC, DUE, masked, lost, gained."""


@dataclass(frozen=True, slots=True)
class KnownEstimate(KnownAnswer):
    """The figures that a campaign reports of its trials.

    Attributes:
        golden: The metric without faults.
        unit: A number that the images of every trial divide.
        strata: For each part of the patterns its probability and its trials.
        metric: The estimate of the metric.
        sdc: Of the share of silent data corruption.
        due: Of the share of detected errors.
        masked: Of the share of unharmed images.
    """

    golden: float
    unit: int
    strata: tuple[tuple[float, tuple[Trial, ...]], ...]
    metric: float
    sdc: float
    due: float
    masked: float

    @property
    def given(self) -> str:
        """The question in words."""
        parts = "; ".join(
            f"P = {show(weight)}: {', '.join(map(_trial, trials))}"
            for weight, trials in self.strata
        )
        return f"golden {show(self.golden)}; {parts}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return _figures(self.metric, self.sdc, self.due, self.masked)


def _trial(trial: Trial) -> str:
    images, sdc, due, masked, lost, gained = trial
    names = {"SDC": sdc, "DUE": due, "masked": masked, "lost": lost, "gained": gained}
    counts = " ".join(f"{count} {name}" for name, count in names.items() if count)
    return f"{counts} of {images}"


def _figures(metric: float, sdc: float, due: float, masked: float) -> str:
    return f"metric {show(metric)}, SDC {show(sdc)}, DUE {show(due)}, masked {show(masked)}"


def _estimate(asked: KnownEstimate) -> str:
    empty = Tally.empty(asked.unit)
    parts = [
        Stratum(weight, sum((Tally.of_trial(asked.unit, *t) for t in trials), empty))
        for weight, trials in asked.strata
    ]
    found = estimate_strata(parts, asked.golden, 0.95)
    return _figures(
        found.metric.estimate, found.sdc.estimate, found.due.estimate, found.masked.estimate
    )


_LOST: Trial = (1, 1, 0, 0, 1, 0)
_GAINED: Trial = (1, 1, 0, 0, 0, 1)
_MASKED: Trial = (1, 0, 0, 1, 0, 0)

ANSWERS = (
    KnownEstimate(
        "KA-721",
        "R-15",
        "Of trials with an upset a quarter is lost, and half of all patterns have one: SDC 1/4 * "
        "1/2, metric 0.75 - 1/8, masked 1 - 1/8.",
        0.75,
        1,
        ((0.5, (_LOST, _MASKED, _MASKED, _MASKED)),),
        metric=0.625,
        sdc=0.125,
        due=0.0,
        masked=0.875,
    ),
    KnownEstimate(
        "KA-722",
        "R-15",
        "8 images, always an upset: SDC 2/8, DUE 1/8, masked 5/8, lost 3/8 of golden's 1.",
        1.0,
        4,
        ((1.0, ((4, 2, 1, 1, 3, 0), (4, 0, 0, 4, 0, 0))),),
        metric=0.625,
        sdc=0.25,
        due=0.125,
        masked=0.625,
    ),
    KnownEstimate(
        "KA-723",
        "R-15",
        "An answer that an upset happens to put right is gained: 0.5 + 1/4 * 1/2.",
        0.5,
        1,
        ((0.25, (_GAINED, _MASKED)),),
        metric=0.625,
        sdc=0.125,
        due=0.0,
        masked=0.875,
    ),
    KnownEstimate(
        "KA-724",
        "R-15",
        "Batches of 3 and 1 are drawn in proportion to their images, so that trials count alike: "
        "the mean of 3/3 and 0/1.",
        1.0,
        3,
        ((1.0, ((3, 3, 0, 0, 3, 0), (1, 0, 0, 1, 0, 0))),),
        metric=0.5,
        sdc=0.5,
        due=0.0,
        masked=0.5,
    ),
    KnownEstimate(
        "KA-725",
        "R-15",
        "No harm seen: the metric is golden's, masked is 1.",
        0.5,
        1,
        ((0.25, (_MASKED, _MASKED)),),
        metric=0.5,
        sdc=0.0,
        due=0.0,
        masked=1.0,
    ),
    KnownEstimate(
        "KA-726",
        "R-15",
        "Two strata: SDC 0.5 * 1/4 + 0.25 * 1/1 = 0.375, whatever the numbers of trials; a quarter "
        "of all patterns is without upset. Metric 1 - 0.375.",
        1.0,
        1,
        ((0.5, (_LOST, _MASKED, _MASKED, _MASKED)), (0.25, (_LOST,))),
        metric=0.625,
        sdc=0.375,
        due=0.0,
        masked=0.625,
    ),
)
"""Sums of few trials."""

check_estimates = exactly(_estimate)
