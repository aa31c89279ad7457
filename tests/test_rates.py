"""Bit error rates as users write them."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadRates
from analyzer.faults.rates import parse_rates, show_rate

RATES = st.floats(1e-12, 0.999, exclude_max=True)


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("1e-7..3e-5", (1e-7, 3e-7, 1e-6, 3e-6, 1e-5, 3e-5)),
        ("2e-7..2e-6", (2e-7, 3e-7, 1e-6, 2e-6)),
        ("1e-6..1e-6", (1e-6,)),
        (" 1e-6 .. 3e-6 ", (1e-6, 3e-6)),
        ("0.1..0.5", (0.1, 0.3, 0.5)),
        ("3e-6,1e-6,2.5e-6", (3e-6, 1e-6, 2.5e-6)),
        ("1e-6", (1e-6,)),
        ("1e-6,", (1e-6,)),
    ],
)
def test_rates_are_read(text: str, rates: tuple[float, ...]) -> None:
    assert parse_rates(text) == rates


@given(RATES, RATES)
def test_range_is_the_grid_between_its_ends(first: float, second: float) -> None:
    low, high = sorted((first, second))
    rates = parse_rates(f"{low!r}..{high!r}")
    assert (rates[0], rates[-1]) == (low, high)
    assert list(rates) == sorted(set(rates))
    for inside in rates[1:-1]:
        assert f"{inside:.0e}"[0] in "13"
        assert inside == float(f"{inside:.0e}")
    gaps = [math.log10(b / a) for a, b in pairwise(rates)]
    assert all(gap <= math.log10(10 / 3) + 1e-9 for gap in gaps)


@given(st.lists(RATES, min_size=1, max_size=8, unique=True))
def test_list_is_taken_as_it_stands(rates: list[float]) -> None:
    assert parse_rates(",".join(map(repr, rates))) == tuple(rates)


@given(st.floats().filter(lambda rate: not 0.0 < rate < 1.0))
def test_what_is_no_probability_of_a_hit_is_refused(rate: float) -> None:
    with pytest.raises(BadRates, match="not a bit error rate"):
        parse_rates(repr(rate))


@given(st.floats(0.0, 1.0, exclude_min=True, exclude_max=True))
def test_shown_rates_read_back_exactly(rate: float) -> None:
    """Reports print rates; a rate copied from there must be the same rate."""
    assert parse_rates(show_rate(rate)) == (rate,)
    assert " " not in show_rate(rate)
