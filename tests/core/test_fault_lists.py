"""Fault lists as CSV, the sites that they name, and the values that patterns change."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadFaultList
from analyzer.faults.bit_changes import ElementChange, element_changes
from analyzer.faults.elements import FLOAT32, INT8, StoredCodec, Values, to_raw
from analyzer.faults.fault_list import read_fault_list, write_fault_list
from analyzer.faults.listed_sites import ListedSites
from analyzer.faults.models import FLIP, FaultPattern, parse_fault
from analyzer.faults.space import FaultSpace, Kind, TensorSite
from analyzer.runtime.oracle.faulty_bytes import FaultyBytes

SPACE = FaultSpace(
    (
        TensorSite("conv1.weight", Kind.WEIGHT, (2, 3, 1, 2), StoredCodec(FLOAT32), "float32"),
        TensorSite("fc", Kind.WEIGHT, (5,), StoredCodec(INT8), "int8"),
        TensorSite("scale", Kind.SCALE, (), StoredCodec(FLOAT32), "float32"),
    )
)
HEAD = "injection,tensor,index,bit\n"


def sites(text: str) -> list[list[int]]:
    """The sites of each injection of a list."""
    found = ListedSites(SPACE, "list.csv")
    return [found.pattern(i, FLIP).sites.tolist() for i in read_fault_list(text, "list.csv")]


bits = st.integers(0, SPACE.bits - 1)


@given(st.lists(st.lists(bits, min_size=1, max_size=5, unique=True), min_size=1, max_size=5))
def test_what_is_written_is_read_back(patterns: list[list[int]]) -> None:
    rows = [
        (f"p{number}", SPACE.tensors[tensor].name, element, bit)
        for number, pattern in enumerate(patterns)
        for tensor, element, bit in map(SPACE.locate, pattern)
    ]
    assert sites(write_fault_list(rows)) == [sorted(pattern) for pattern in patterns]


def test_lists_of_other_tools_name_layers_and_tuples() -> None:
    """As SFI tools write them: the layer, the index of each axis, bit 31 the sign."""
    text = 'Injection,Layer,TensorIndex,Bit\n0,conv1,"(1, 2, 0, 1)",31\n1,fc,"(4,)",0\n'
    assert sites(text) == [[SPACE.site(0, 11, 31)], [SPACE.site(1, 4, 0)]]


def test_rows_of_one_injection_are_one_pattern_wherever_they_stand() -> None:
    text = HEAD + "a,fc,0,0\nb,fc,1,0\na,fc,2,7\n"
    first = SPACE.site(1, 0, 0)
    assert sites(text) == [[first, first + 23], [first + 8]]


def test_columns_may_stand_in_any_order_beside_others() -> None:
    assert sites("bit,note,index,tensor,injection\n3,x,2,fc,0\n") == [[SPACE.site(1, 2, 3)]]


def test_a_scalar_has_one_element() -> None:
    assert sites(HEAD + "0,scale,0,31\n") == [[SPACE.site(2, 0, 31)]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "fault list list.csv is empty"),
        (HEAD, "has a head and no bit"),
        ("injection,tensor,index\n0,fc,1\n", "has no column 'bit'"),
        (HEAD + "0,fc,x,1\n", "line 2: '0,fc,x,1' names no bit"),
        (HEAD + "0,fc,1\n", "line 2: '0,fc,1' names no bit"),
        (HEAD + ",fc,1,1\n", "names no bit"),
        (HEAD + "0,fc,(),1\n", "names no bit"),
        (HEAD + "0,conv1.weigth,0,1\n", r"'conv1.weigth' \(did you mean conv1.weight\?\)"),
        (HEAD + "0,fc,1,8\n", "bit 8 is none of the 8 bits of an element"),
        (HEAD + "0,fc,1,-1\n", "bit -1 is none"),
        (HEAD + "0,fc,5,1\n", r"'fc' has shape \(5,\), and no element \(5\)"),
        (HEAD + "0,fc,-1,1\n", r"no element \(-1\)"),
        (HEAD + '0,conv1,"(1, 2)",1\n', r"no element \(1, 2\)"),
        (HEAD + '0,conv1,"(1, 3, 0, 0)",1\n', r"no element \(1, 3, 0, 0\)"),
        (HEAD + "0,fc,1,1\n1,fc,1,1\n0,fc,1,1\n", "line 4: the same bit as in line 2"),
    ],
)
def test_a_list_that_names_no_bits_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadFaultList, match=says):
        sites(text)


FAULTS = ["flip", "stuck0", "stuck1", "burst:3", "word:16", "row:4", "column:2"]


def golden(seed: int) -> dict[str, Values]:
    """Random contents of the space."""
    rng = np.random.default_rng(seed)
    return {
        "conv1.weight": rng.standard_normal((2, 3, 1, 2)).astype(np.float32),
        "fc": rng.integers(-128, 128, 5).astype(np.int8),
        "scale": np.array(rng.standard_normal(), np.float32),
    }


@given(
    st.lists(bits, min_size=1, max_size=12, unique=True),
    st.sampled_from(FAULTS),
    st.integers(0, 2**16),
)
def test_changes_are_the_bits_that_differ_in_the_edited_file(
    places: list[int], fault: str, seed: int
) -> None:
    values = golden(seed)
    pattern = FaultPattern(parse_fault(fault), np.array(sorted(places), np.int64))
    stored = {t.name: to_raw(values[t.name], ELEMENTS[t.dtype]) for t in SPACE.tensors}
    faulty = {**stored, **FaultyBytes(SPACE, values, stored).of(pattern)}
    wanted = set()
    for tensor in SPACE.tensors:
        pairs = zip(stored[tensor.name], faulty[tensor.name], strict=True)
        for byte, (before, after) in enumerate(pairs):
            for bit in range(8):
                if (before ^ after) >> bit & 1:
                    element, place = divmod(8 * byte + bit, tensor.codec.bits)
                    wanted.add((tensor.name, element, place))
    found = element_changes(SPACE, pattern, values.__getitem__)
    changes = found.farthest(len(found))
    assert {(c.tensor, c.element, bit) for c in changes for bit in c.bits} == wanted
    for change in changes:
        assert change.before == values[change.tensor].reshape(-1)[change.element]
        tensor = SPACE.tensors[SPACE.tensor_index(change.tensor)]
        size = tensor.codec.bits // 8
        raw = faulty[change.tensor][change.element * size : (change.element + 1) * size]
        assert np.asarray(change.after).tobytes() == raw


ELEMENTS = {"float32": FLOAT32, "int8": INT8}


@given(
    st.lists(bits, min_size=1, max_size=12, unique=True),
    st.integers(1, 14),
    st.integers(0, 2**16),
)
def test_the_farthest_changes_are_those_of_a_sorted_list(
    places: list[int], most: int, seed: int
) -> None:
    values = golden(seed)
    pattern = FaultPattern(FLIP, np.array(sorted(places), np.int64))
    changes = element_changes(SPACE, pattern, values.__getitem__)
    every = [c for part in SPACE.tensors for c in changes.farthest(99) if c.tensor == part.name]
    every.sort(key=lambda c: (SPACE.tensor_index(c.tensor), c.element))

    def move(change: ElementChange) -> float:
        distance = abs(float(change.after) - float(change.before))  # type: ignore[arg-type]
        return float("inf") if np.isnan(distance) else distance

    wanted = sorted(every, key=move, reverse=True)[:most]
    found = [(c.tensor, c.element) for c in changes.farthest(most)]
    assert found == [(c.tensor, c.element) for c in wanted]


def test_a_pattern_of_many_changes_takes_no_record_for_each() -> None:
    """Arrays take 24 bytes for an element, 90 while they are made; records took 300."""
    count = 50_000
    site = TensorSite("w", Kind.WEIGHT, (count,), StoredCodec(FLOAT32), "float32")
    values = np.ones(count, np.float32)
    pattern = FaultPattern(FLIP, 32 * np.arange(count, dtype=np.int64) + 30)
    tracemalloc.start()
    try:
        changes = element_changes(FaultSpace((site,)), pattern, lambda _: values)
        assert len(changes.farthest(16)) == 16
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(changes) == count
    assert peak < 150 * count, peak / count
