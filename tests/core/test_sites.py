"""Strata of fault sites: a partition, by how far a flip moves a value."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadOption
from analyzer.faults.elements import (
    FLOAT32,
    INT8,
    UINT8,
    Codec,
    FixedPointCodec,
    StoredCodec,
    Values,
)
from analyzer.faults.models import parse_fault
from analyzer.faults.sampling import in_turn
from analyzer.faults.site_strata import Reach, SiteStrata, split_sites, typical_moves
from analyzer.faults.space import FaultSpace, Kind, TensorSite
from tests.strategies import examples, spaces


def split(values: Values, codec: Codec, dtype: str) -> dict[Reach, list[int]]:
    space = FaultSpace((TensorSite("t", Kind.WEIGHT, values.shape, codec, dtype),))
    strata = split_sites(space, {"t": values})
    return {s.reach: list(s.positions) for s in strata.parts[0]}


WEIGHTS = np.array([0.5, -0.25, 0.125, 1.5], np.float32)


def test_float32_weights() -> None:
    """Bit 30 makes 2^127; the sign moves by twice the value; bit 23 doubles or halves it."""
    found = split(WEIGHTS, StoredCodec(FLOAT32), "float32")
    assert found[Reach.SEVERE] == [30]
    assert 31 in found[Reach.LARGE] + found[Reach.MODERATE]
    assert found[Reach.SLIGHT][:18] == list(range(18))


def test_int8_weights() -> None:
    """Bit 7 moves by 128, bit 6 by 64 of 127, bit 0 by 1."""
    values = np.array([127, -128, 3, 0], np.int8)
    found = split(values, StoredCodec(INT8), "int8")
    assert found == {
        Reach.LARGE: [6, 7],
        Reach.MODERATE: [2, 3, 4, 5],
        Reach.SLIGHT: [0, 1],
    }


def test_fixed_point_weights() -> None:
    """Bit 31 moves by 65536 - 1.5 at most; bit 20 by 16, bit 19 by 8, more than 8 x 1.5 or not."""
    found = split(WEIGHTS, FixedPointCodec(FLOAT32), "float32")
    assert found[Reach.SEVERE] == list(range(20, 32))


def test_moves_are_measured_against_the_largest_value() -> None:
    site = TensorSite("t", Kind.WEIGHT, (2,), StoredCodec(INT8), "int8")
    assert typical_moves(site, np.array([64, 0], np.int8))[6] == 1.0
    assert typical_moves(site, np.array([0, 0], np.int8))[6] == 64.0


def test_a_value_that_is_no_number_is_severe() -> None:
    found = split(np.array([np.nan, np.inf], np.float32), StoredCodec(FLOAT32), "float32")
    assert Reach.SEVERE in found


@st.composite
def strata(draw: st.DrawFn) -> SiteStrata:
    space = draw(spaces())
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    codes = {
        t.name: rng.integers(2**t.codec.bits, size=t.shape, dtype=np.uint64) for t in space.tensors
    }
    values = {
        t.name: t.codec.decode(codes[t.name].astype(t.codec.encode(np.zeros(1)).dtype))
        for t in space.tensors
    }
    fault = parse_fault(draw(st.sampled_from(["flip", "stuck0", "stuck1", "burst:2"])))
    return split_sites(space, values, fault)


@given(strata())
@examples(60)
def test_strata_are_a_partition(found: SiteStrata) -> None:
    """Every site is in one stratum once."""
    sites: Counter[int] = Counter()
    for tensor, parts in enumerate(found.parts):
        for part, stratum in enumerate(parts):
            assert stratum.sites
            sites.update(
                found.site(tensor, part, element, column)
                for element in range(stratum.elements)
                for column in range(len(stratum.positions))
            )
    assert sites == Counter(range(found.space.bits))


@given(st.integers(1, 40), st.integers(0, 5), st.text(max_size=5))
def test_turns_take_each_once(count: int, start: int, stream: str) -> None:
    turns = [in_turn("plan", stream, start * count + i, count) for i in range(count)]
    assert sorted(turns) == list(range(count))


def test_turns_come_in_another_order_each_time() -> None:
    rounds = {tuple(in_turn("p", "s", r * 8 + i, 8) for i in range(8)) for r in range(20)}
    assert len(rounds) > 15


def moves(values: Values, codec: Codec, dtype: str, fault: str) -> list[float]:
    site = TensorSite("t", Kind.WEIGHT, values.shape, codec, dtype)
    return typical_moves(site, values, parse_fault(fault))


def test_cells_that_hold_their_value_do_not_count() -> None:
    """Bit 6 of int8: set in 64 and 127 only, from which stuck0 takes 64 of 127."""
    values = np.array([64, 127, 0, 3, 1], np.int8)
    assert moves(values, StoredCodec(INT8), "int8", "stuck0")[6] == 64 / 127
    assert moves(values, StoredCodec(INT8), "int8", "stuck1")[6] == 64 / 127
    assert moves(values, StoredCodec(INT8), "int8", "stuck0")[7] == 0.0  # none is negative
    assert moves(values, StoredCodec(INT8), "int8", "stuck1")[7] == 128 / 127


def test_the_top_bit_of_the_exponent_can_only_be_stuck_at_1() -> None:
    stuck = {
        f: moves(WEIGHTS, StoredCodec(FLOAT32), "float32", f)[30] for f in ("stuck0", "stuck1")
    }
    assert stuck["stuck0"] == 0.0
    assert stuck["stuck1"] > 1e30


def test_a_burst_counts_where_it_moves_farthest() -> None:
    """From bit 7 of int8 a burst of 3 hits the sign, and bits 0 and 1 of the next element."""
    values = np.array([0, 0, 0, 100], np.int8)
    found = moves(values, StoredCodec(INT8), "int8", "burst:3")
    assert found[7] == 128 / 100
    assert found[0] == 7 / 100
    assert found[5] == 32 / 100  # to 0b11100000: 32 below 0


def test_a_burst_that_reaches_the_next_element_moves_that() -> None:
    """From the sign on, 34 bits invert all of the next value; a single value has none behind it."""
    several = moves(WEIGHTS, StoredCodec(FLOAT32), "float32", "burst:34")[31]
    assert several > 5.0  # 0.5 becomes -8; its sign alone would move it by 1
    assert moves(WEIGHTS[:1], StoredCodec(FLOAT32), "float32", "burst:34")[31] == 2.0
    alone = moves(np.array([200], np.uint8), StoredCodec(UINT8), "uint8", "burst:8")[1]
    assert alone == (200 - 54) / 200


def test_a_burst_longer_than_a_tensor_is_refused() -> None:
    """Fails if it is measured as a shorter one."""
    values = np.array([1, 2], np.int8)
    space = FaultSpace((TensorSite("t", Kind.BIAS, (2,), StoredCodec(INT8), "int8"),))
    assert split_sites(space, {"t": values}, parse_fault("burst:16")).parts[0]
    with pytest.raises(BadOption, match="'t' of 16 bits"):
        split_sites(space, {"t": values}, parse_fault("burst:17"))
