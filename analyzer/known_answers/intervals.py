"""Confidence limits, against published ones."""

from dataclasses import dataclass

from analyzer.known_answers.records import KnownAnswer, each, show
from analyzer.stats.strata import Stratum, estimate_strata
from analyzer.stats.tally import Tally

Range = tuple[float, float]
"""Least and most that is accepted."""


@dataclass(frozen=True, slots=True)
class Limits(KnownAnswer):
    """The confidence limits of a share, between published ones.

    Attributes:
        strata: For each part of the patterns (probability, trials in which every image suffers
            silent data corruption, trials); in the other trials none does.
        images: Images of each trial.
        confidence: Nominal coverage.
        low: Where the lower limit must lie.
        high: Where the upper limit must lie.
    """

    strata: tuple[tuple[float, int, int], ...]
    images: int
    confidence: float
    low: Range
    high: Range

    @property
    def given(self) -> str:
        """The question in words."""
        size = "one image" if self.images == 1 else f"{self.images} images"
        counted = "; ".join(
            f"SDC in {events} of {trials} trials of {size}, P = {show(weight)}"
            for weight, events, trials in self.strata
        )
        return f"{counted}; {show(self.confidence)} confidence"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return f"low {_within(self.low)}, high {_within(self.high)}"


def _within(ends: Range) -> str:
    return show(ends[0]) if ends[0] == ends[1] else f"{show(ends[0])} to {show(ends[1])}"


ROUNDING = 1e-12
"""Absolute; the limits solve for a probability to that accuracy."""


def _limits(asked: Limits) -> tuple[str, bool]:
    parts = [Stratum(w, _tally(asked.images, *counts)) for w, *counts in asked.strata]
    found = estimate_strata(parts, 1.0, asked.confidence).sdc
    right = all(
        least - ROUNDING <= limit <= most + ROUNDING
        for limit, (least, most) in ((found.low, asked.low), (found.high, asked.high))
    )
    return f"low {show(found.low)}, high {show(found.high)}", right


def _tally(images: int, events: int, trials: int) -> Tally:
    struck = Tally.of_trial(images, images, images, 0, 0, images, 0)
    spared = Tally.of_trial(images, images, 0, 0, images, 0, 0)
    return sum([struck] * events + [spared] * (trials - events), Tally.empty(images))


_NEWCOMBE = (
    "Newcombe, Statistics in Medicine 17 (1998) 857, table I: Clopper-Pearson {}, mid-P {}; the "
    "limits lie between the two."
)
_NONE_SEEN = "No event: low 0, high 1 - (1 - confidence)^(1/trials) = "

ANSWERS = (
    Limits(
        "KA-701",
        "R-14",
        _NEWCOMBE.format("0.2527 to 0.3676", "0.2544 to 0.3658"),
        ((1.0, 81, 263),),
        1,
        0.95,
        (0.2527, 0.2544),
        (0.3658, 0.3676),
    ),
    Limits(
        "KA-702",
        "R-14",
        _NEWCOMBE.format("0.0578 to 0.1617", "0.0601 to 0.1581"),
        ((1.0, 15, 148),),
        1,
        0.95,
        (0.0578, 0.0601),
        (0.1581, 0.1617),
    ),
    Limits(
        "KA-703",
        "R-14",
        _NEWCOMBE.format("0.0009 to 0.1776", "0.0017 to 0.1585"),
        ((1.0, 1, 29),),
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
        ((1.0, 0, 20),),
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
        ((1.0, 0, 300),),
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
        ((1.0, 0, 300),),
        32,
        0.95,
        (0.0, 0.0),
        (0.009936081944457713, 0.009936081944457713),
    ),
    Limits(
        "KA-707",
        "R-14",
        "The same at 90 %: 1 - 0.1^(1/100) = 0.02276277...",
        ((1.0, 0, 100),),
        1,
        0.9,
        (0.0, 0.0),
        (0.022762779044189316, 0.022762779044189316),
    ),
    Limits(
        "KA-708",
        "R-14",
        "Nothing but events, the mirror image of KA-704: low 0.05^(1/20) = 0.86089165..., high 1.",
        ((1.0, 20, 20),),
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
        ((1.0, 1, 29),),
        32,
        0.95,
        (0.0009, 0.0017),
        (0.1585, 0.1776),
    ),
    Limits(
        "KA-710",
        "R-15",
        "As KA-705, where upsets have the probability 0.25: 0.25 * 0.00993608... = 0.00248402...",
        ((0.25, 0, 300),),
        1,
        0.95,
        (0.0, 0.0),
        (0.0024840204861144283, 0.0024840204861144283),
    ),
    Limits(
        "KA-711",
        "R-15",
        "Two strata without event, of weights 0.5 and 0.25. Their limits, 0.5 and 0.25 times that "
        "of KA-705, add as squares (Zou & Donner, Statistics in Medicine 27 (2008) 1693): "
        "0.00993608... * sqrt(0.25 + 0.0625).",
        ((0.5, 0, 300), (0.25, 0, 300)),
        1,
        0.95,
        (0.0, 0.0),
        (0.005554438664453934, 0.005554438664453934),
    ),
)
"""Limits of single proportions, and of weighted sums."""

check_limits = each(_limits)
