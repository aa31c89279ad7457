"""Numbers as people read them: a displayed 0 or 100 is exact, nothing observed is a bound."""

import re
from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.records import IntervalPart

FRACTIONS = st.one_of(
    st.floats(0.0, 1.0),
    st.floats(0.0, 1e-3),
    st.floats(0.0, 1e-3).map(lambda x: 1.0 - x),
    st.floats(-20.0, 0.0).map(lambda x: 10.0**x),
)
SHOWN = re.compile(r"[<>]?\d+(\.\d+)?(e-\d+)?")


def read(text: str) -> float:
    """The number in a displayed percentage, as a fraction."""
    assert SHOWN.fullmatch(text)
    return float(text.lstrip("<>")) / 100


@given(FRACTIONS, st.integers(0, 3))
@example(5e-324, 1)
@example(1.0 - 2**-53, 1)
@example(0.9995, 1)
@example(0.0005, 1)
def test_a_displayed_0_or_100_is_exact(value: float, decimals: int) -> None:
    text = figures.percent(value, decimals)
    assert (read(text) == 0.0) == (value == 0.0)
    assert (read(text) == 1.0) == (value == 1.0)


@given(FRACTIONS, st.integers(0, 3))
def test_a_displayed_figure_is_near_the_value(value: float, decimals: int) -> None:
    text = figures.percent(value, decimals)
    if text.startswith(">"):
        assert read(text) < value < 1.0
    elif text.startswith("<"):
        assert 0.0 < value < read(text) < 1e-13
    elif "e" in text:
        assert abs(read(text) - value) <= 0.05 * value  # two digits
    else:
        # Half a unit of the last place shown, in percent, and the rounding of 100 * value.
        places = len(text.partition(".")[2])
        assert abs(100 * read(text) - 100 * value) <= 0.5 * 10.0**-places + 1e-12


@given(FRACTIONS, st.integers(0, 3))
def test_a_displayed_figure_is_short(value: float, decimals: int) -> None:
    """Columns of the table are made for this length."""
    assert len(figures.percent(value, decimals)) <= len(">99.9999")


NARROW = FRACTIONS.filter(lambda value: value <= figures.WIDTH_OF_NOTHING)


@given(NARROW)
def test_nothing_observed_is_an_upper_bound(high: float) -> None:
    text = figures.estimate(IntervalPart(estimate=0.0, low=0.0, high=high))
    bound = figures.percent(high).lstrip("<")  # at most, which is more than less than
    assert text == ("0" if high == 0.0 else f"≤ {bound}")


@given(FRACTIONS.filter(lambda low: 1.0 - low <= figures.WIDTH_OF_NOTHING))
def test_everything_observed_is_a_lower_bound(low: float) -> None:
    text = figures.estimate(IntervalPart(estimate=1.0, low=low, high=1.0))
    bound = figures.percent(low).lstrip(">")  # at least, which is less than more than
    assert text == ("100" if low == 1.0 else f"≥ {bound}")


@given(FRACTIONS.filter(lambda value: 0.0 < value < 1.0))
def test_something_observed_is_a_figure(value: float) -> None:
    low, high = max(0.0, value - 0.4), min(1.0, value + 0.4)
    text = figures.estimate(IntervalPart(estimate=value, low=low, high=high))
    assert text == figures.percent(value)


@given(FRACTIONS, st.floats(0.0, 0.02), st.floats(0.98, 1.0))
def test_an_interval_of_everything_is_not_shown(value: float, low: float, high: float) -> None:
    """Fails if a table holds ``4e-10 – >99.99``."""
    part = IntervalPart(estimate=value, low=low, high=high)
    assert (figures.estimate(part), figures.bounds(part)) == (figures.UNKNOWN, "")


def count_of(text: str) -> float:
    number, _, unit = text.replace(",", "").partition(" ")
    return float(number) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[unit]


@given(st.integers(1, 10**14))
@example(999_600)
def test_counts_keep_three_digits(count: int) -> None:
    text = figures.si(count)
    assert "e" not in text
    assert abs(count_of(text) - count) <= 0.005 * count


@given(st.floats(1e-9, 1e14))
@example(999_999.9)
def test_expected_flips_keep_three_digits(expected: float) -> None:
    text = figures.flips(expected)
    assert abs(count_of(text) - expected) <= 0.005 * expected


@given(st.tuples(*[st.integers(0, 10**6)] * 3).filter(any))
@example((4256, 4357, 1387))
@example((3333, 3333, 3334))
@example((2, 2663, 2))
@example((2, 2, 2663))
def test_shown_outcomes_sum_to_100(counts: tuple[int, int, int]) -> None:
    """Fails if each is rounded by itself: 42.6, 43.6 and 13.9."""
    points = [n / sum(counts) for n in counts]
    parts = [IntervalPart(estimate=p, low=0.5 * p, high=0.5 + 0.5 * p) for p in points]
    sdc, due, masked = parts
    beside = figures.outcomes(sdc, due, masked, metric=masked)
    assert beside[2] == figures.estimate(parts[2])  # agreement is masked, and looks like it
    check_sum(figures.outcomes(sdc, due, masked), points, (100.0,))
    # A false 0 would be worse than a sum that is off by the last digit.
    off = (99.9, 100.0, 100.1) if max(points[:2]) < 0.002 else (100.0,)
    check_sum(beside, points, off)


def check_sum(shown: Sequence[str], points: Sequence[float], sums: Sequence[float]) -> None:
    """Assert that shown shares have one of these sums, and each is near its point."""
    if all(re.fullmatch(r"\d+\.\d", text) for text in shown):
        assert round(sum(map(float, shown)), 1) in sums
    for text, point in zip(shown, points, strict=True):
        if not text.startswith(("≤", "≥")):
            assert abs(read(text) - point) <= 0.0011
