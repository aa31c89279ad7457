"""From raw rates to failures in time, against published conversions and tables."""

from collections.abc import Callable
from dataclasses import dataclass

from analyzer.known_answers.records import KnownAnswer, each, show
from analyzer.stats.intervals import Interval
from analyzer.targets import arithmetic


@dataclass(frozen=True, slots=True)
class Conversion(KnownAnswer):
    """A figure of a memory, between two values.

    Attributes:
        question: In words, with units.
        find: Asks the tool.
        low: Least that is accepted.
        high: Most that is accepted.
    """

    question: str
    find: Callable[[], float]
    low: float
    high: float

    @property
    def given(self) -> str:
        """The question in words."""
        return self.question

    @property
    def expected(self) -> str:
        """The answer in words."""
        return f"{show(self.low)} to {show(self.high)}"


def _find(asked: Conversion) -> tuple[str, bool]:
    found = asked.find()
    return show(found), asked.low <= found <= asked.high


YEAR = 24 * 365.25
RESNET50 = 818_000_000
"""Bits of ResNet-50 in float32."""

_UG116 = "AMD UG116 v10.9: beam-derived {} FIT/Mb of {} cm2 per bit, times 13 n/cm2/h times 1e15."

ANSWERS = (
    Conversion(
        "KA-951",
        "R-18",
        _UG116.format("72", "5.57e-15"),
        "28 nm block RAM, cross-section 5.57e-15 cm2 per bit: FIT/Mbit",
        lambda: arithmetic.fit_per_mbit_of(5.57e-15),
        71.5,
        72.5,
    ),
    Conversion(
        "KA-952",
        "R-18",
        _UG116.format("148", "1.14e-14"),
        "40 nm block RAM, cross-section 1.14e-14 cm2 per bit: FIT/Mbit",
        lambda: arithmetic.fit_per_mbit_of(1.14e-14),
        147.5,
        148.5,
    ),
    Conversion(
        "KA-953",
        "R-18",
        "20e-15 events per bit and hour: 1e-8 / 2e-14 h = 5e5 h = 57 years.",
        "20 FIT/Mbit at sea level: years until the bit error rate is 1e-8",
        lambda: 1e-8 / arithmetic.events_per_bit_hour(20.0) / YEAR,
        56.9,
        57.1,
    ),
    Conversion(
        "KA-954",
        "R-18",
        "20 FIT/Mbit times 300 is 6e-12 per bit and hour: 1e-8 / 6e-12 h = 1667 h = 69.4 days.",
        "20 FIT/Mbit at 10 to 12 km (flux 300): days until the bit error rate is 1e-8",
        lambda: 1e-8 / arithmetic.events_per_bit_hour(20.0, 300.0) / 24,
        69.4,
        69.5,
    ),
    Conversion(
        "KA-955",
        "R-18",
        "818 Mbit times 20 FIT/Mbit.",
        "ResNet-50 in float32, 20 FIT/Mbit: FIT of all events",
        lambda: arithmetic.raw_fit(20.0, RESNET50),
        16360.0,
        16360.0,
    ),
    Conversion(
        "KA-956",
        "R-18",
        "10 / 16360 = 6.11e-4.",
        "The same, a budget of 10 FIT: largest P(SDC | one event)",
        lambda: arithmetic.largest_probability(10.0, arithmetic.raw_fit(20.0, RESNET50)),
        6.11e-4,
        6.12e-4,
    ),
    Conversion(
        "KA-957",
        "R-18",
        "ln 0.05 / ln(1 - 6.1e-4) = 4909.5, which is about 3 / 6.1e-4.",
        "Clean trials that show P < 6.1e-4 at 95 %",
        lambda: arithmetic.trials_without_event(6.1e-4, 0.95),
        4910,
        4910,
    ),
    Conversion(
        "KA-958",
        "R-18",
        "2 events or more given 1 or more, mean 1: (1 - 2/e) / (1 - 1/e) = 0.41802.",
        "One event per window on average: share of hit windows with two or more",
        lambda: arithmetic.neglected_share(1.0, 1.0),
        0.41802,
        0.41803,
    ),
    Conversion(
        "KA-959",
        "R-18",
        "1000 FIT times [0.02, 0.05]: limits scale with the rate.",
        "1000 FIT of events, P(SDC | event) 0.03 (0.02 to 0.05): upper limit in FIT",
        lambda: arithmetic.outcome_fit(1000.0, Interval(0.03, 0.02, 0.05)).high,
        50.0,
        50.0,
    ),
    Conversion(
        "KA-960",
        "R-18",
        "1000 FIT are 1e-6 per hour; a window of 24 h leaves each 12 h: 1.2e-5 of the time, times "
        "3600 inferences per hour.",
        "1000 FIT of harmful events, refresh every 24 h, 3600 inferences/h: spoiled per hour",
        lambda: arithmetic.bad_state(1000.0, 24.0, 3600.0).inferences_per_hour,
        0.0432 - 1e-12,
        0.0432 + 1e-12,
    ),
)

check_exposure = each(_find)
