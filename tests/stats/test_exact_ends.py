"""A displayed 0 or 100 is exact, an unobserved event is a bound, whatever weights sum to."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.count_law import CountLaw
from analyzer.reports.shared.build import interval_part
from analyzer.reports.shared.number_format import estimate as shown
from analyzer.stats.area import area
from analyzer.stats.areas import AreaStratum, ExactShares, estimate_area
from analyzer.stats.estimate import RateEstimate
from analyzer.stats.intervals import Interval
from analyzer.stats.strata import Stratum, estimate_strata
from analyzer.stats.tally import Tally

DEAD, FINE = (1, 0, 1, 0, 1, 0), (1, 0, 0, 1, 0, 0)

shares = st.lists(st.floats(1e-12, 1.0), min_size=1, max_size=6)


def weights(of: list[float], whole: float = 1.0) -> list[float]:
    """Weights that sum to about so much, as products and quotients of floats do."""
    return [whole * share / math.fsum(of) for share in of]


def rate(of: list[float], trial: tuple[int, ...], golden: float, harmless: float) -> RateEstimate:
    tally = Tally.of_trials(1, [trial] * 160)
    parts = [Stratum(min(w, 1.0), tally) for w in weights(of, 1.0 - harmless)]
    return estimate_strata(parts, golden, 0.95, harmless)


def text(interval: Interval) -> str:
    return shown(interval_part(interval))


def test_960_trials_that_all_end_in_an_error_print_no_crumbs() -> None:
    """What an audit saw: masked 2.2e-13 %, where weights sum to 1 - 2e-15."""
    parts = [0.3333333333333326, 0.3333333333333327, 0.3333333333333327]
    assert 1e-15 < 1.0 - math.fsum(parts) < 3e-15
    tally = Tally.of_trials(1, [DEAD] * 320)
    found = estimate_strata([Stratum(w, tally) for w in parts], 0.9, 0.95, 0.0)
    assert found.due.estimate == 1.0
    assert (found.masked.estimate, found.sdc.estimate, found.metric.estimate) == (0.0, 0.0, 0.0)
    assert text(found.due).startswith("≥ 99.")
    assert text(found.masked) == text(found.sdc)
    assert text(found.masked).startswith("≤ 0.")
    assert text(found.metric).startswith("≤ ")


@given(shares, st.sampled_from([0.0, 1e-300, 1e-17, 1e-10, 0.3]), st.sampled_from([1.0, 0.9, 0.0]))
def test_where_every_pattern_kills_the_rest_is_what_no_upset_leaves(
    of: list[float], harmless: float, golden: float
) -> None:
    """Fails if what is left of weights that sum to nearly 1 counts as masked."""
    killed = (1, 0, 1, 0, int(golden > 0.0), 0)
    found = rate(of, killed, golden, harmless)
    assert found.masked.estimate == harmless
    assert found.masked.low == harmless
    assert found.due.estimate == found.due.high == 1.0 - harmless
    assert text(found.masked).startswith("≤ ")
    assert text(found.due).startswith("≥ ")
    assert text(found.sdc).startswith("≤ ")
    assert found.sdc.estimate + found.due.estimate + found.masked.estimate == pytest.approx(1.0)


@given(shares, st.floats(0.0, 0.999))
def test_where_nothing_happens_all_is_masked(of: list[float], harmless: float) -> None:
    found = rate(of, FINE, 1.0, harmless)
    assert found.masked.estimate == found.masked.high == found.metric.high == 1.0
    assert found.metric == found.masked
    assert (found.sdc.estimate, found.sdc.low) == (0.0, 0.0)
    assert text(found.masked).startswith("≥ ")


@given(shares, st.integers(1, 159))
def test_what_was_seen_is_a_figure(of: list[float], events: int) -> None:
    """One event is no bound, and some are not all."""
    tally = Tally.of_trials(1, [DEAD] * events + [FINE] * (160 - events))
    found = estimate_strata([Stratum(w, tally) for w in weights(of, 0.999)], 0.9, 0.95, 0.001)
    for interval in (found.due, found.masked):
        assert not text(interval).startswith(("≤", "≥"))
        assert interval.low < interval.estimate < interval.high


@given(shares)
def test_exact_areas_sum_to_exact_figures(of: list[float]) -> None:
    """Of a map: everything counted, or everything drawn; both ends."""
    every, none = ExactShares(0.0, 1.0, 1.0, 0.0), ExactShares(0.0, 0.0, 0.0, 0.0)
    empty = Tally.empty(1)
    found = estimate_area([AreaStratum(w, empty, every) for w in weights(of)], 0.99)
    assert (found.due, found.sdc) == (Interval(1.0, 1.0, 1.0), Interval(0.0, 0.0, 0.0))
    found = estimate_area([AreaStratum(w, empty, none) for w in weights(of)], 0.99)
    assert found.due == Interval(0.0, 0.0, 0.0)
    tally = Tally.of_trials(1, [DEAD] * 64)
    mixed = [AreaStratum(w, tally, every if i % 2 else None) for i, w in enumerate(weights(of))]
    found = estimate_area(mixed, 0.99)
    assert found.due.estimate == found.due.high == 1.0
    assert text(found.due).startswith("≥ ")
    assert text(found.sdc).startswith("≤ ")


@given(st.lists(st.integers(1, 80), min_size=1, max_size=9, unique=True))
def test_the_area_under_a_curve_of_ones_is_one(exponents: list[int]) -> None:
    rates = [10 ** (-e / 10) for e in exponents]
    found = area([Interval(1.0, 1.0, 1.0)] * len(rates), rates)
    assert found == Interval(1.0, 1.0, 1.0)
    bound = area([Interval(1.0, 0.99, 1.0)] * len(rates), rates)
    assert bound is not None
    assert text(bound).startswith("≥ ")


def test_what_no_upset_leaves_is_known_exactly() -> None:
    law = CountLaw(2_000_000, 1e-5)
    assert law.p_none == pytest.approx(math.exp(-20.0001), rel=1e-9)
    assert law.p_none + law.p_any == 1.0
