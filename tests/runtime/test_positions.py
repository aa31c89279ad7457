"""Tables of positions, shortened: the same answers."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.runtime.layout import position_tables as positions
from analyzer.runtime.layout.position_tables import CHUNK, LEAST_SHORTENED, positions_of
from analyzer.runtime.open import open_live
from tests.runtime.benches import answer, context
from tests.strategies import examples

SHAPE = (32, 16, 12, 12)


def blocked(block: int) -> npt.NDArray[np.int32]:
    """Positions of weights of `SHAPE` in blocks of output channels, ``OIHWo``."""
    out, into, height, width = SHAPE
    whole = np.arange(np.prod(SHAPE), dtype=np.int32)
    stored = whole.reshape(out // block, into, height, width, block)
    return stored.transpose(0, 4, 1, 2, 3).reshape(-1)


@pytest.mark.parametrize("block", [4, 8, 16])
def test_a_blocked_layout_takes_two_short_tables(block: int) -> None:
    table = blocked(block)
    found = positions_of(table, SHAPE)
    assert found is not None
    assert (len(found.rows), len(found.columns)) == (32, 16 * 12 * 12)
    assert found.table.tolist() == table.tolist()
    assert not found.drops


def test_what_stands_in_order_needs_no_table() -> None:
    count = 2 * CHUNK + 3
    table = np.arange(count, dtype=np.int32)
    assert positions_of(table, (count,)) is None
    table[[-1, -2]] = table[[-2, -1]]
    found = positions_of(table, (count,))
    assert found is not None
    assert found.table[-2:].tolist() == [count - 1, count - 2]


@examples(50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_any_table_is_kept(seed: int, swaps: int) -> None:
    """A layout with a few exceptions, anywhere, is not taken for one without."""
    table = blocked(8)
    rng = np.random.default_rng(seed)
    for _ in range(swaps):
        one, other = rng.integers(len(table), size=2)
        table[[one, other]] = table[[other, one]]
    found = positions_of(table, SHAPE)
    assert found is not None
    elements = rng.integers(len(table), size=100)
    assert found.table.tolist() == table.tolist()
    assert found.at(elements).tolist() == table[elements].tolist()


def test_absent_elements_stay_absent() -> None:
    table = blocked(8)
    table[[5, 70000]] = -1
    found = positions_of(table, SHAPE)
    assert found is not None
    assert found.drops
    assert found.table.tolist() == table.tolist()


@pytest.mark.parametrize("name", ["conv_blocked", "conv_padded_blocks", "tied_and_transposed"])
def test_trials_by_short_tables_equal_the_oracle_s(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in large models, where tables are short; some tensors stand in order beside them."""
    assert LEAST_SHORTENED > 1
    monkeypatch.setattr(positions, "LEAST_SHORTENED", 1)
    on = context(name)
    executor = open_live(on.model, on.space, on.feeds)
    places = [p for found in executor.layout.places.values() for p in found]
    assert any(p.positions is not None and len(p.positions.columns) > 1 for p in places)
    flip = parse_fault("flip")
    for first in range(29):
        pattern = FaultPattern(flip, np.arange(first, on.space.bits, 29, dtype=np.int64))
        assert answer(executor, pattern, on.feeds).same_as(answer(on.oracle, pattern, on.feeds))
