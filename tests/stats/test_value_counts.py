"""Counts of numbers: quantiles within the stated error, means exact, sums of counts exact."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analyzer.stats import value_counts
from analyzer.stats.value_counts import KEPT, RELATIVE_ERROR, ValueCounts, quantile

SHARES = st.fractions(0, 1).filter(lambda share: share > 0)
KINDS = (np.dtype(np.float32), np.dtype(np.float64))


def numbers(dtype: npt.DTypeLike, **bounds: Any) -> st.SearchStrategy[npt.NDArray[Any]]:
    """Arrays of any bit patterns, of which some are usual."""
    width: Any = 8 * np.dtype(dtype).itemsize
    usual = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, 1.5, 1e30, -1e-30])
    elements = st.one_of(st.floats(width=width, **bounds), usual.map(np.dtype(dtype).type))
    return arrays.arrays(dtype, st.integers(1, 60), elements=elements)


def counted(values: npt.NDArray[Any]) -> ValueCounts:
    found = ValueCounts(values.dtype)
    found.add(values)
    return found


def smallest_normal(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).smallest_normal)


def close(found: float, exact: float, dtype: np.dtype[Any]) -> bool:
    """Within the error that the module states."""
    if math.isinf(exact):
        return found == exact
    floor = smallest_normal(dtype) * 2.0 ** -(KEPT + 1)
    return abs(found - exact) <= max(abs(exact) * RELATIVE_ERROR, floor)


@pytest.mark.parametrize("dtype", KINDS)
@given(data=st.data(), share=SHARES)
def test_quantiles_are_order_statistics_within_the_error(
    dtype: np.dtype[Any], data: st.DataObject, share: Fraction
) -> None:
    values = data.draw(numbers(dtype))
    known = np.sort(values[~np.isnan(values)])
    found = counted(values).quantile(share)
    if not known.size:
        assert math.isnan(found)
        return
    rank = math.ceil(share * known.size)
    assert close(found, float(known[rank - 1]), dtype)


@given(values=numbers(np.float32, allow_nan=False, allow_infinity=False))
def test_quartiles_are_those_of_numpy(values: npt.NDArray[Any]) -> None:
    for share in (0.25, 0.5, 0.75):
        exact = float(np.quantile(values, share, method="inverted_cdf"))
        assert close(counted(values).quantile(Fraction(share)), exact, values.dtype)


@pytest.mark.parametrize("dtype", KINDS)
@given(data=st.data())
def test_the_mean_is_exact(dtype: np.dtype[Any], data: st.DataObject) -> None:
    values = data.draw(numbers(dtype))
    finite = values[np.isfinite(values)]
    found = counted(values).mean
    if not finite.size:
        assert math.isnan(found)
        return
    assert found == float(sum(map(Fraction, finite.tolist()), Fraction(0)) / finite.size)


@pytest.mark.parametrize("dtype", KINDS)
@given(data=st.data(), piece=st.integers(1, 8))
def test_counts_add_exactly_in_any_partition(
    dtype: np.dtype[Any], data: st.DataObject, piece: int
) -> None:
    values, more = data.draw(numbers(dtype)), data.draw(numbers(dtype))
    together = counted(np.concatenate((values, more)))
    summed = counted(more)
    summed += counted(values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(value_counts, "PIECE", piece)
        patch.setattr(value_counts, "FEW", 3)
        parts = counted(np.concatenate((more, values)))
    for other in (summed, parts):
        assert np.array_equal(together.bins, other.bins)
        assert np.array_equal(together.sums, other.sums)
        names = ("zeros", "nan", "plus_infinity", "minus_infinity", "minimum", "maximum", "numbers")
        assert [getattr(together, n) for n in names] == [getattr(other, n) for n in names]


@given(values=numbers(np.float32))
def test_nan_and_infinity_are_counted_apart(values: npt.NDArray[Any]) -> None:
    found = counted(values)
    assert found.nan == int(np.isnan(values).sum())
    assert found.infinite == int(np.isinf(values).sum())
    assert found.numbers + found.nan == values.size
    assert found.zeros == int((values == 0).sum())
    known = values[~np.isnan(values)]
    if known.size:
        assert (found.minimum, found.maximum) == (float(known.min()), float(known.max()))


@given(
    one=numbers(np.float32, allow_nan=False, allow_infinity=False),
    two=numbers(np.float32, allow_nan=False, allow_infinity=False),
    weight=st.fractions(0, 1).filter(lambda share: 0 < share < 1),
    share=SHARES,
)
def test_quantiles_of_a_mixture(
    one: npt.NDArray[Any], two: npt.NDArray[Any], weight: Fraction, share: Fraction
) -> None:
    masses = [(value, weight / one.size) for value in one.tolist()]
    masses += [(value, (1 - weight) / two.size) for value in two.tolist()]
    total = Fraction(0)
    exact = math.nan
    for value, mass in sorted(masses):
        total += mass
        exact = value
        if total >= share:
            break
    found = quantile([(weight, counted(one)), (1 - weight, counted(two))], share)
    assert close(found, exact, one.dtype)


def test_half_precision_is_counted_as_it_is() -> None:
    values = np.array([0.1, 65504.0, 6e-8, -2.0], np.float16)
    found = ValueCounts(values.dtype)
    found.add(values)
    assert (found.minimum, found.maximum) == (-2.0, 65504.0)
    assert found.mean == sum(map(Fraction, values.tolist())) / 4
