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
        ("1e-7..1e-4/1", (1e-7, 1e-6, 1e-5, 1e-4)),
        ("1e-7..1e-6/3", (1e-7, 2.2e-7, 4.6e-7, 1e-6)),
        ("2e-7..9e-7 / 2", (2e-7, 3.2e-7, 9e-7)),
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


@given(RATES, RATES, st.integers(1, 10))
def test_a_range_may_have_other_numbers_of_rates(first: float, second: float, count: int) -> None:
    low, high = sorted((first, second))
    rates = parse_rates(f"{low!r}..{high!r}/{count}")
    assert (rates[0], rates[-1]) == (low, high)
    assert list(rates) == sorted(set(rates))
    assert all(b / a <= 10 ** (1 / count) * 1.06 for a, b in pairwise(rates))
    if high >= 1000 * low:
        assert len([r for r in rates[1:-1] if 10 * low <= r * 1.0000001 < 100 * low]) == count


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1e-7...1e-6", "1e-7..1e-6"),
        ("1e-7…1e-6", "1e-7..1e-6"),
        ("1e-7:3e-5", "1e-7..3e-5"),
        ("1e-7 to 3e-5", "1e-7..3e-5"),
        ("1e-7-3e-5", "1e-7..3e-5"),
        ("1e-7:1e-4/3", "1e-7..1e-4/3"),
        ("10ppm", "1e-5"),
        ("10 PPM", "1e-5"),
        ("1ppb..1ppm", "1e-9..1e-6"),
        ("0.1%", "1e-3"),
        ("1ppm,5ppm", "1e-6,5e-6"),
        (".5ppm", "5e-7"),
        ("0.1ppm:10ppm", "1e-7..1e-5"),
    ],
)
def test_another_form_is_refused_with_the_usual_one(text: str, meant: str) -> None:
    """Fails if ``1e-7...1e-6`` is a single rate, as .1e-6 is a number."""
    with pytest.raises(BadRates) as refused:
        parse_rates(text)
    assert str(refused.value).endswith(f"; write {meant}")
    assert parse_rates(meant)


@pytest.mark.parametrize("text", ["1e-7..1e-6/0", "1e-7..1e-6/11", "1e-7..1e-6/x", "1e-7..1e-6/"])
def test_a_decade_has_one_rate_to_ten(text: str) -> None:
    with pytest.raises(BadRates, match="per decade, 1 to 10"):
        parse_rates(text)


@pytest.mark.parametrize(
    "text", ["", "a:b", "2:3", "1e-7..", "ppm", "1e-7....x", "1e-7..1e-6..1e-5"]
)
def test_what_nobody_can_guess_is_refused_all_the_same(text: str) -> None:
    with pytest.raises(BadRates, match="write rates like"):
        parse_rates(text)


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.999, "0.999"), (0.5, "0.5"), (0.1, "0.1"), (0.03, "3e-2"), (1e-6, "1e-6")],
)
def test_rates_are_shown_as_people_write_them(rate: float, text: str) -> None:
    assert show_rate(rate) == text
