"""From a raw rate of a memory to failures in time: pure functions, units in every name.

``docs/method-targets.md`` derives them with a worked example. 1 FIT is one event in 1e9 hours; 1
Mbit is 1e6 bits. So a raw rate of 1 FIT/Mbit is 1e-15 events per bit and hour.
"""

import math
from dataclasses import dataclass

from analyzer.stats.intervals import Interval

HOURS_PER_FIT = 1e9
BITS_PER_MBIT = 1e6
NEW_YORK_FLUX = 13.0
"""Neutrons above 10 MeV per cm2 and hour in New York at sea level (JESD89A, as quoted in arXiv
2303.08098)."""

SENSITIVITY = (0.3, 1.0, 3.0)
"""Factors on a raw rate: published ones are good to a factor of two."""

NEGLIGIBLE = 0.01
"""Share of windows with an event that may hold several, so that one-event figures serve."""


def fit_per_mbit_of(cross_section_cm2: float, flux: float = NEW_YORK_FLUX) -> float:
    """Raw rate in FIT/Mbit of a cross-section per bit.

    Args:
        cross_section_cm2: in cm2 per bit, as beam tests give it.
        flux: particles per cm2 and hour.

    >>> round(fit_per_mbit_of(5.57e-15), 1)
    72.4
    """
    return cross_section_cm2 * flux * BITS_PER_MBIT * HOURS_PER_FIT


def events_per_bit_hour(fit_per_mbit: float, flux_factor: float = 1.0) -> float:
    """Events per bit and hour of a raw rate.

    Args:
        fit_per_mbit: in FIT/Mbit, 0 or more.
        flux_factor: of the environment, 1 where the raw rate was found.

    >>> events_per_bit_hour(20.0)
    2e-14
    """
    return fit_per_mbit * flux_factor / (HOURS_PER_FIT * BITS_PER_MBIT)


def raw_fit(fit_per_mbit: float, bits: int, flux_factor: float = 1.0) -> float:
    """FIT of all events in a memory, harmless ones included.

    Args:
        fit_per_mbit: in FIT/Mbit, 0 or more.
        bits: at risk, check bits included.
        flux_factor: of the environment.

    >>> raw_fit(20.0, 818_000_000)
    16360.0
    """
    return fit_per_mbit * bits * flux_factor / BITS_PER_MBIT


def outcome_fit(raw: float, given_event: Interval) -> Interval:
    """FIT of an outcome, with the interval of its probability.

    Args:
        raw: FIT of all events in the memory.
        given_event: probability of the outcome given one event, in [0, 1].

    >>> outcome_fit(16360.0, Interval(0.0, 0.0, 6.1e-4)).high < 10.0
    True
    """
    ends = (given_event.estimate, given_event.low, given_event.high)
    return Interval(*(raw * end for end in ends))


def neglected_share(events_per_hour: float, window_hours: float) -> float:
    """Of the windows with an event, the share that holds two or more.

    Events are Poisson with mean m = events per hour times window: 1 - m / (e^m - 1), which is at
    most m / 2.

    Args:
        events_per_hour: in the whole memory, 0 or more.
        window_hours: between two refreshes, 0 or more.

    >>> neglected_share(1e-5, 0.0), round(neglected_share(0.18, 1.0), 4)
    (0.0, 0.0873)
    """
    mean = events_per_hour * window_hours
    if mean < 1e-8:
        return mean / 2.0
    return 1.0 - mean / math.expm1(mean) if mean < 700.0 else 1.0


def one_event_serves(events_per_hour: float, window_hours: float) -> bool:
    """True if windows with two events or more may be neglected.

    Args:
        events_per_hour: in the whole memory.
        window_hours: between two refreshes.

    >>> one_event_serves(1.6e-5, 24.0), one_event_serves(0.18, 1.0)
    (True, False)
    """
    return neglected_share(events_per_hour, window_hours) <= NEGLIGIBLE


@dataclass(frozen=True, slots=True)
class BitErrorRates:
    """The bit error rates of a memory that is read at some time between two refreshes.

    Attributes:
        mean: At a moment drawn uniformly from the window.
        worst: At its end.
    """

    mean: float
    worst: float


def bit_error_rates(per_bit_hour: float, window_hours: float) -> BitErrorRates:
    """Bit error rates that a sweep is to be run at where one event does not serve.

    Args:
        per_bit_hour: events per bit and hour.
        window_hours: between two refreshes, above 0.

    Returns:
        ``worst`` is 1 - e^-x with x = rate times window; ``mean`` is 1 - (1 - e^-x) / x.

    >>> found = bit_error_rates(2e-14, 5e5)
    >>> round(found.worst * 1e8, 6), round(found.mean * 1e8, 6)
    (1.0, 0.5)
    """
    x = per_bit_hour * window_hours
    worst = -math.expm1(-x)
    return BitErrorRates(x / 2.0 if x < 1e-6 else 1.0 - worst / x, worst)


@dataclass(frozen=True, slots=True)
class BadState:
    """A memory in which a harmful event stays until the next refresh.

    Attributes:
        entries_per_hour: Harmful events.
        mean_hours: Mean time from such an event to the refresh: half a window.
        share_of_time: Of the time that is spent in the bad state, to first order.
        inferences_per_hour: Spoiled inferences.
    """

    entries_per_hour: float
    mean_hours: float
    share_of_time: float
    inferences_per_hour: float


def bad_state(fit: float, window_hours: float, inferences_per_hour: float) -> BadState:
    """Consequences of harmful events that stay.

    Args:
        fit: of harmful events.
        window_hours: between two refreshes.
        inferences_per_hour: that read the memory.

    >>> bad_state(10.0, 24.0, 3600.0).mean_hours
    12.0
    """
    entries = fit / HOURS_PER_FIT
    mean = window_hours / 2.0
    share = min(1.0, entries * mean)
    return BadState(entries, mean, share, share * inferences_per_hour)


def double_hits_per_word(word_events_per_hour: float, window_hours: float) -> float:
    """Probability that independent events hit a word twice between two refreshes.

    To first order (lambda T)^2 / 2; events of several bits in one word come on top, and dominate
    unless words are interleaved.

    Args:
        word_events_per_hour: events per hour in one word, check bits included.
        window_hours: between two refreshes.

    >>> double_hits_per_word(1e-12, 1e3)
    5e-19
    """
    return (word_events_per_hour * window_hours) ** 2 / 2.0


def largest_probability(budget_fit: float, raw: float) -> float:
    """Largest probability of an outcome given one event that a budget leaves, at most 1.

    Args:
        budget_fit: FIT of the outcome that may be spent.
        raw: FIT of all events, above 0.

    >>> round(largest_probability(10.0, 16360.0), 6)
    0.000611
    """
    return min(1.0, budget_fit / raw)


def trials_without_event(probability: float, confidence: float) -> int:
    """Trials without a single harmful event that show a probability to be smaller.

    The rule of three, exactly: ln(1 - confidence) / ln(1 - probability), rounded up (Hanley and
    Lippman-Hand, JAMA 249(13), 1983).

    Args:
        probability: to be undercut, in (0, 1).
        confidence: in (0, 1).

    >>> trials_without_event(6.1e-4, 0.95), trials_without_event(6.1e-4, 0.99)
    (4910, 7548)
    """
    return math.ceil(math.log1p(-confidence) / math.log1p(-probability))
