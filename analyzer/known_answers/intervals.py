"""Confidence limits, against published ones."""

from dataclasses import dataclass

from analyzer.known_answers.records import KnownAnswer, each, show
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


def _within(ends: Range) -> str:
    return show(ends[0]) if ends[0] == ends[1] else f"{show(ends[0])} to {show(ends[1])}"


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

check_limits = each(_limits)
