"""A bitmap is a list of booleans: what it says is compared with numpy's answer."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.bitmap import BITS, Bitmap

rows = st.lists(
    st.tuples(st.integers(0, 3 * BITS), st.floats(0.0, 1.0), st.integers(0, 2**32 - 1)),
    max_size=4,
)


def drawn(row: tuple[int, float, int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    size, share, seed = row
    return np.random.default_rng(seed).random(size) < share


@given(rows)
def test_every_boolean_is_found_by_place_and_by_rank(
    given_rows: list[tuple[int, float, int]],
) -> None:
    """Fails if parts are joined at whole bytes, or if what pads the last chunk counts."""
    parts = [drawn(row) for row in given_rows]
    values = np.concatenate([np.zeros(0, bool), *parts])
    bitmap = Bitmap.of(iter(parts))
    assert (bitmap.size, bitmap.count) == (len(values), int(values.sum()))
    assert bitmap.at(np.arange(len(values))).tolist() == values.tolist()
    edges = np.arange(len(values) + 1)
    assert bitmap.before(edges).tolist() == [0, *values.cumsum().tolist()]
    for value in (True, False):
        places = np.flatnonzero(values == value)
        assert bitmap.nth(np.arange(len(places)), value).tolist() == places.tolist()


def test_a_bit_takes_a_bit() -> None:
    bitmap = Bitmap.of([np.ones(80_000, bool)])
    assert bitmap.packed.nbytes + bitmap.ends.nbytes < 80_000 / 8 * 1.15
