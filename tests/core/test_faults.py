"""What an upset does, and how many there are: against exact binomial probabilities."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import comb, ulp
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analyzer.errors import BadOption
from analyzer.faults.count_law import CountLaw
from analyzer.faults.kinds import (
    BURST,
    COLUMN,
    FAULT_KINDS,
    FLIP,
    MIXTURE,
    ROW,
    STUCK0,
    STUCK1,
    WORD,
)
from analyzer.faults.models import FaultModel, parse_fault
from tests.strategies import FAULTS, examples

codes = st.integers(0, 2**16 - 1)


@pytest.mark.parametrize(("fault", "code", "mask", "after"), FaultModel.examples())
def test_examples_are_true(fault: str, code: int, mask: int, after: int) -> None:
    found = parse_fault(fault).apply(np.array([code], np.uint8), np.array([mask], np.uint8))
    assert found.tolist() == [after]


def test_every_kind_has_an_example() -> None:
    assert {parse_fault(e[0]).kind for e in FaultModel.examples()} == set(FAULT_KINDS)


@examples(100)
@given(FAULTS, codes, codes)
def test_a_fault_changes_nothing_but_the_masked_bits(
    fault: FaultModel, code: int, mask: int
) -> None:
    once = fault.apply(np.array([code], np.uint16), np.array([mask], np.uint16))
    twice = fault.apply(once, np.array([mask], np.uint16))
    expected = {
        **dict.fromkeys([FLIP, BURST, WORD, ROW, COLUMN, MIXTURE], (~code & mask, code)),
        STUCK0: (0, code & ~mask),
        STUCK1: (mask, code | mask),
    }
    hit, after_two = expected[fault.kind]
    assert int(once[0]) & ~mask == code & ~mask
    assert int(once[0]) & mask == hit
    assert int(twice[0]) == after_two


@examples(50)
@given(FAULTS)
def test_a_fault_reads_back_as_it_is_written(fault: FaultModel) -> None:
    assert parse_fault(str(fault)) == fault


MIXED_UP = {
    "mix:": "is no kind of upset with its share",
    "mix:flip": "is no kind of upset",
    "mix:flip=0.5,burst:2=0.4": r"the shares sum to 0\.9, not to 1",
    "mix:flip=0.5,seu=0.5": "is there twice",
    "mix:flip=0.5,stuck0=0.5": "stuck0 cannot be mixed",
    "mix:flip=1.5,mbu2=-0.5": "is no kind of upset with its share",
    "mix:flip=nan": "is no kind of upset",
    "mix:burst:99=1": "is no kind of upset",
}


@pytest.mark.parametrize("text", MIXED_UP)
def test_what_is_no_mixture(text: str) -> None:
    with pytest.raises(BadOption, match=MIXED_UP[text]):
        parse_fault(text)


def test_a_mixture_of_one_kind_is_that_kind() -> None:
    assert parse_fault("mix:mbu2=1") == parse_fault("burst:2")
    assert str(parse_fault("row")) == "row:64"


NOT_FAULTS = (
    " |flip:|flip:2|stuck|stuck2|stuck0:1|burst|burst:|burst:1|burst:65|burst:-3|burst:2.5|burst:x"
)


@pytest.mark.parametrize("text", ["", *NOT_FAULTS.split("|")])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(BadOption, match="not a fault model"):
        parse_fault(text)


def exact_p_any(bits: int, rate: float) -> Decimal:
    with localcontext(prec=400):
        return 1 - (1 - Decimal(rate)) ** bits


@pytest.mark.parametrize("rate", [1e-300, 1e-18, 1e-9, 1e-5, 0.3, 0.5, 0.999, 1 - 2.0**-53])
@pytest.mark.parametrize("bits", [1, 2, 63, 10**6, 10**11])
def test_the_probability_of_any_upset_has_no_cancellation(bits: int, rate: float) -> None:
    exact = float(exact_p_any(bits, rate))
    # Three roundings: of log1p, of the product and of expm1.
    assert abs(CountLaw(bits, rate).p_any - exact) <= 3 * ulp(exact)


@examples(100)
@given(st.integers(1, 10**9), st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_the_probability_of_any_upset_is_a_probability(bits: int, rate: float) -> None:
    law = CountLaw(bits, rate)
    assert law.p_any <= 1
    assert rate * (1 - 1e-15) <= law.p_any  # one bit alone is hit that often
    assert law.expected == bits * rate


class Dealt:
    """A generator that deals one given uniform number."""

    def __init__(self, number: float) -> None:
        self._number = number

    def random(self) -> float:
        return self._number


def inverted(law: CountLaw, uniform: float) -> int:
    return law.draw_at_least_one(cast(np.random.Generator, Dealt(uniform)))


def conditional(law: CountLaw) -> list[Fraction]:
    """P(1), P(2), ... given at least one, exactly."""
    rate = Fraction(law.rate)
    chances = [
        comb(law.bits, k) * rate**k * (1 - rate) ** (law.bits - k)
        for k in range(1, min(law.bits, 60) + 1)
    ]
    return [c / (1 - (1 - rate) ** law.bits) for c in chances]


@pytest.mark.parametrize(
    "law",
    [
        CountLaw(1, 0.3),
        CountLaw(2, 1e-9),
        CountLaw(3, 0.5),
        CountLaw(59, 0.5),
        CountLaw(40, 0.45),
        CountLaw(300, 0.09),
        CountLaw(100, 1e-8),
        CountLaw(1000, 1e-3),
        CountLaw(1000, 0.029),
    ],
    ids=str,
)
def test_small_means_are_inverted_exactly(law: CountLaw) -> None:
    below = Fraction(0)
    tried = 0
    for count, chance in enumerate(conditional(law), start=1):
        if chance > 1e-13:  # the middle of a wider step is on no step's edge after rounding
            assert inverted(law, float(below + chance / 2)) == count
            tried += 1
        below += chance
    assert tried


DRAWS = 20_000

LAWS = [
    CountLaw(10**6, 1e-12),
    CountLaw(10**6, 1e-8),
    CountLaw(10**9, 0.86e-9),
    CountLaw(10**6, 5e-6),
    CountLaw(10**6, 29e-6),
    CountLaw(10**6, 31e-6),
    CountLaw(10**9, 3e-7),
    CountLaw(1, 0.999),
    CountLaw(2, 0.5),
    CountLaw(3, 1 - 1e-9),
    CountLaw(20, 0.99),
    CountLaw(30, 0.96),
    CountLaw(40, 0.7),
    CountLaw(64, 0.45),
    CountLaw(31, 1 - 1e-12),
]


def expected_draws(law: CountLaw, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.asarray(DRAWS * stats.binom.pmf(counts, law.bits, law.rate) / law.p_any)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_counts_follow_the_binomial_law_given_one(law: CountLaw) -> None:
    rng = np.random.default_rng(2718)
    drawn = np.array([law.draw_at_least_one(rng) for _ in range(DRAWS)])
    assert drawn.min() >= 1
    assert drawn.max() <= law.bits
    counts = np.arange(1, min(law.bits, 500) + 1)
    often = expected_draws(law, counts)
    common = counts[often >= 8]
    inside = np.array([np.sum(drawn == c) for c in common])
    rest = DRAWS - often[often >= 8].sum()
    found, wanted = [*inside, DRAWS - inside.sum()], [*often[often >= 8], rest]
    if rest < 8:  # too rare for the chi-square law: a bound on the tail instead
        assert found[-1] <= stats.poisson.isf(1e-6, max(rest, 1e-9))
        found, wanted = (
            inside.tolist(),
            (often[often >= 8] * inside.sum() / (DRAWS - rest)).tolist(),
        )
    if len(found) > 1:
        assert stats.chisquare(found, wanted, sum_check=False).pvalue > 1e-4


def test_drawing_needs_the_same_numbers_whatever_came_before() -> None:
    law = CountLaw(10**6, 5e-6)
    first = [law.draw_at_least_one(np.random.default_rng(seed)) for seed in range(20)]
    again = [law.draw_at_least_one(np.random.default_rng(seed)) for seed in reversed(range(20))]
    assert first == again[::-1]
    assert len(set(first)) > 3
