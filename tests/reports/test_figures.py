"""Numbers as people read them: a displayed 0 or 100 is exact, nothing observed is a bound."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from analyzer.reports import figures
from analyzer.reports.report import IntervalPart

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
    exact = not text.startswith(("<", ">"))
    assert (read(text) == 0.0 and exact) == (value == 0.0)
    assert (read(text) == 1.0 and exact) == (value == 1.0)


@given(FRACTIONS, st.integers(0, 3))
def test_a_displayed_figure_is_near_the_value(value: float, decimals: int) -> None:
    text = figures.percent(value, decimals)
    if text.startswith("<"):
        assert 0.0 < value < read(text)
    elif text.startswith(">"):
        assert read(text) < value < 1.0
    else:
        # Half a unit of the last place shown, in percent, and the rounding of 100 * value.
        places = len(text.partition(".")[2])
        assert abs(100 * read(text) - 100 * value) <= 0.5 * 10.0**-places + 1e-12


@given(FRACTIONS)
def test_nothing_observed_is_an_upper_bound(high: float) -> None:
    text = figures.estimate(IntervalPart(estimate=0.0, low=0.0, high=high))
    assert text == ("0" if high == 0.0 else f"≤ {figures.percent(high)}")


@given(FRACTIONS)
def test_everything_observed_is_a_lower_bound(low: float) -> None:
    text = figures.estimate(IntervalPart(estimate=1.0, low=low, high=1.0))
    assert text == ("100" if low == 1.0 else f"≥ {figures.percent(low)}")


@given(FRACTIONS.filter(lambda value: 0.0 < value < 1.0))
def test_something_observed_is_a_figure(value: float) -> None:
    text = figures.estimate(IntervalPart(estimate=value, low=0.0, high=1.0))
    assert text == figures.percent(value)


@given(st.integers(1, 10**12))
def test_counts_keep_two_digits_at_least(count: int) -> None:
    text = figures.si(count)
    number, _, unit = text.partition(" ")
    factor = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}[unit]
    assert abs(float(number) * factor - count) <= 0.005 * count


@given(st.floats(1e-9, 1e12))
def test_expected_flips_keep_three_digits(expected: float) -> None:
    assert abs(float(figures.flips(expected).replace(",", "")) - expected) <= 0.005 * expected
