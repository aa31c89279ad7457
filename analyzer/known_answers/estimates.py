"""What a campaign makes of its trials."""

from dataclasses import dataclass

from analyzer.known_answers.records import KnownAnswer, exactly, show
from analyzer.stats.estimate import estimate
from analyzer.stats.tally import Tally


@dataclass(frozen=True, slots=True)
class Estimated(KnownAnswer):
    """What a campaign reports of its trials.

    Attributes:
        trials: For each trial (images, sdc, due, masked, lost, gained).
        unit: A number that the images of every trial divide.
        golden: The metric without faults.
        p_faulty: Probability of at least one upset.
        metric: The estimate of the metric.
        sdc: Of the share of silent data corruption.
        due: Of the share of detected errors.
        masked: Of the share of unharmed images.
    """

    trials: tuple[tuple[int, int, int, int, int, int], ...]
    unit: int
    golden: float
    p_faulty: float
    metric: float
    sdc: float
    due: float
    masked: float

    @property
    def given(self) -> str:
        """The question in words."""
        trials = "; ".join(
            f"{n} images: {sdc} SDC, {due} DUE, {masked} masked, {lost} lost, {gained} gained"
            for n, sdc, due, masked, lost, gained in self.trials
        )
        return f"golden {show(self.golden)}, P(upset) {show(self.p_faulty)}, trials of {trials}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return _figures(self.metric, self.sdc, self.due, self.masked)


def _figures(metric: float, sdc: float, due: float, masked: float) -> str:
    return f"metric {show(metric)}, SDC {show(sdc)}, DUE {show(due)}, masked {show(masked)}"


def _estimate(asked: Estimated) -> str:
    tally = sum((Tally.of_trial(asked.unit, *t) for t in asked.trials), Tally.empty(asked.unit))
    found = estimate(tally, asked.golden, asked.p_faulty, 0.95)
    return _figures(
        found.metric.estimate, found.sdc.estimate, found.due.estimate, found.masked.estimate
    )


ANSWERS = (
    Estimated(
        "KA-721",
        "R-15",
        "Of trials with an upset a quarter is lost, and half of all patterns have one: SDC 1/4 * "
        "1/2, metric 0.75 - 1/8, masked 1 - 1/8.",
        ((1, 1, 0, 0, 1, 0), (1, 0, 0, 1, 0, 0), (1, 0, 0, 1, 0, 0), (1, 0, 0, 1, 0, 0)),
        1,
        0.75,
        0.5,
        0.625,
        0.125,
        0.0,
        0.875,
    ),
    Estimated(
        "KA-722",
        "R-15",
        "8 images, always an upset: SDC 2/8, DUE 1/8, masked 5/8, lost 3/8 of golden's 1.",
        ((4, 2, 1, 1, 3, 0), (4, 0, 0, 4, 0, 0)),
        4,
        1.0,
        1.0,
        0.625,
        0.25,
        0.125,
        0.625,
    ),
    Estimated(
        "KA-723",
        "R-15",
        "An answer that an upset happens to put right is gained: 0.5 + 1/4 * 1/2.",
        ((1, 1, 0, 0, 0, 1), (1, 0, 0, 1, 0, 0)),
        1,
        0.5,
        0.25,
        0.625,
        0.125,
        0.0,
        0.875,
    ),
    Estimated(
        "KA-724",
        "R-15",
        "Batches of 3 and 1 are drawn in proportion to their images, so that trials count alike: "
        "the mean of 3/3 and 0/1.",
        ((3, 3, 0, 0, 3, 0), (1, 0, 0, 1, 0, 0)),
        3,
        1.0,
        1.0,
        0.5,
        0.5,
        0.0,
        0.5,
    ),
    Estimated(
        "KA-725",
        "R-15",
        "No harm seen: the metric is golden's, masked is 1.",
        ((2, 0, 0, 2, 0, 0), (2, 0, 0, 2, 0, 0)),
        2,
        0.5,
        0.25,
        0.5,
        0.0,
        0.0,
        1.0,
    ),
)
"""Sums of few trials."""

check_estimates = exactly(_estimate)
