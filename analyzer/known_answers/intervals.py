"""Confidence limits against published ones, and what campaigns make of their trials."""

from dataclasses import dataclass

from analyzer.known_answers.records import KnownAnswer, each, exactly, show
from analyzer.stats.estimate import estimate
from analyzer.stats.tally import Tally

Range = tuple[float, float]
"""Least and most that is accepted."""


@dataclass(frozen=True, slots=True)
class Limits(KnownAnswer):
    """The confidence limits of a share, between published ones.

    Attributes:
        events: Trials in which every image suffers silent data corruption; in the others none.
        trials: Trials.
        images: Images of each trial.
        confidence: Nominal coverage.
        p_faulty: Probability of at least one upset.
        low: Where the lower limit must lie.
        high: Where the upper limit must lie.
    """

    events: int
    trials: int
    images: int
    confidence: float
    low: Range
    high: Range
    p_faulty: float = 1.0

    @property
    def given(self) -> str:
        """The question in words."""
        size = "one image" if self.images == 1 else f"{self.images} images"
        counted = f"SDC in {self.events} of {self.trials} trials of {size}"
        return f"{counted}, P(upset) {show(self.p_faulty)}, {show(self.confidence)} confidence"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return f"low {_within(self.low)}, high {_within(self.high)}"


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


def _within(ends: Range) -> str:
    return show(ends[0]) if ends[0] == ends[1] else f"{show(ends[0])} to {show(ends[1])}"


def _figures(metric: float, sdc: float, due: float, masked: float) -> str:
    return f"metric {show(metric)}, SDC {show(sdc)}, DUE {show(due)}, masked {show(masked)}"


ROUNDING = 1e-12
"""Absolute; the limits solve for a probability to that accuracy."""


def _limits(asked: Limits) -> tuple[str, bool]:
    struck = Tally.of_trial(asked.images, asked.images, asked.images, 0, 0, asked.images, 0)
    spared = Tally.of_trial(asked.images, asked.images, 0, 0, asked.images, 0, 0)
    trials = [struck] * asked.events + [spared] * (asked.trials - asked.events)
    tally = sum(trials, Tally.empty(asked.images))
    found = estimate(tally, 1.0, asked.p_faulty, asked.confidence).sdc
    right = all(
        least - ROUNDING <= limit <= most + ROUNDING
        for limit, (least, most) in ((found.low, asked.low), (found.high, asked.high))
    )
    return f"low {show(found.low)}, high {show(found.high)}", right


def _estimate(asked: Estimated) -> str:
    tally = sum((Tally.of_trial(asked.unit, *t) for t in asked.trials), Tally.empty(asked.unit))
    found = estimate(tally, asked.golden, asked.p_faulty, 0.95)
    return _figures(
        found.metric.estimate, found.sdc.estimate, found.due.estimate, found.masked.estimate
    )


_NEWCOMBE = (
    "Newcombe, Statistics in Medicine 17 (1998) 857, table I: Clopper-Pearson {}, mid-P {}; the "
    "limits lie between the two."
)
_NONE_SEEN = "No event: low 0, high 1 - (1 - confidence)^(1/trials) = "

LIMITS = (
    Limits(
        "KA-701",
        "R-14",
        _NEWCOMBE.format("0.2527 to 0.3676", "0.2544 to 0.3658"),
        81,
        263,
        1,
        0.95,
        (0.2527, 0.2544),
        (0.3658, 0.3676),
    ),
    Limits(
        "KA-702",
        "R-14",
        _NEWCOMBE.format("0.0578 to 0.1617", "0.0601 to 0.1581"),
        15,
        148,
        1,
        0.95,
        (0.0578, 0.0601),
        (0.1581, 0.1617),
    ),
    Limits(
        "KA-703",
        "R-14",
        _NEWCOMBE.format("0.0009 to 0.1776", "0.0017 to 0.1585"),
        1,
        29,
        1,
        0.95,
        (0.0009, 0.0017),
        (0.1585, 0.1776),
    ),
    Limits(
        "KA-704",
        "R-14",
        _NONE_SEEN
        + "1 - 0.05^(1/20) = 0.13910834...; Newcombe (as above) prints 0.1391 for mid-P.",
        0,
        20,
        1,
        0.95,
        (0.0, 0.0),
        (0.13910834066826522, 0.13910834066826522),
    ),
    Limits(
        "KA-705",
        "R-14",
        _NONE_SEEN + "1 - 0.05^(1/300) = 0.00993608..., below the 3/300 of the rule of three "
        "(Hanley & Lippman-Hand, JAMA 249 (1983) 1743).",
        0,
        300,
        1,
        0.95,
        (0.0, 0.0),
        (0.009936081944457713, 0.009936081944457713),
    ),
    Limits(
        "KA-706",
        "R-14",
        "As KA-705 although 9,600 images were seen: those of a trial may share its fate, so that "
        "trials count and not images.",
        0,
        300,
        32,
        0.95,
        (0.0, 0.0),
        (0.009936081944457713, 0.009936081944457713),
    ),
    Limits(
        "KA-707",
        "R-14",
        "The same at 90 %: 1 - 0.1^(1/100) = 0.02276277...",
        0,
        100,
        1,
        0.9,
        (0.0, 0.0),
        (0.022762779044189316, 0.022762779044189316),
    ),
    Limits(
        "KA-708",
        "R-14",
        "Nothing but events, the mirror image of KA-704: low 0.05^(1/20) = 0.86089165..., high 1.",
        20,
        20,
        1,
        0.95,
        (0.8608916593317348, 0.8608916593317348),
        (1.0, 1.0),
    ),
    Limits(
        "KA-709",
        "R-14",
        "One trial of 29 loses all its 32 images: no more is known than from one image of 29, "
        "KA-703; 32 of 928 would be 0.024 to 0.048.",
        1,
        29,
        32,
        0.95,
        (0.0009, 0.0017),
        (0.1585, 0.1776),
    ),
    Limits(
        "KA-710",
        "R-15",
        "As KA-705, where upsets have the probability 0.25: 0.25 * 0.00993608... = 0.00248402...",
        0,
        300,
        1,
        0.95,
        (0.0, 0.0),
        (0.0024840204861144283, 0.0024840204861144283),
        0.25,
    ),
)
"""Limits."""

ESTIMATES = (
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
"""Estimates."""

check_limits = each(_limits)
check_estimates = exactly(_estimate)
