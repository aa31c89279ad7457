"""Fault kinds: one entry of the table is all that a new kind takes, and everything obeys it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadOption
from analyzer.faults import kinds
from analyzer.faults.elements import ELEMENT_TYPES, StoredCodec, to_codes
from analyzer.faults.footprints import (
    AdjacentBits,
    AlignedBits,
    Footprint,
    StridedBits,
    element_masks,
)
from analyzer.faults.kinds import (
    CLEAR,
    FAULT_KINDS,
    INVERT,
    OPERATIONS,
    SET,
    Example,
    FaultKind,
    Parameter,
    TruthTable,
    fault_rules,
    listed_choices,
    offered_faults,
)
from analyzer.faults.models import FaultModel, FaultPattern, parse_fault
from analyzer.faults.operations import BITWISE
from analyzer.faults.severity import find_severity
from analyzer.faults.site_strata import split_sites
from analyzer.faults.space import FaultSpace, Indices, Kind, TensorSite
from analyzer.runtime.oracle.faulty_bytes import FaultyBytes
from analyzer.runtime.weights.memory import write_upsets
from tests.runtime.benches import answer, context
from tests.strategies import examples, faults_of, patterns
from tests.support import ROOT


@dataclass(frozen=True)
class Word:
    """Every bit of the element that the site is in."""

    length: int
    room: int = 1
    alone: bool = False

    def positions(self, first: int, width: int, bits: int) -> range:
        """The whole element."""
        start = first - first % width
        return range(start, start + width)

    def spread(self, first: Indices, widths: Indices, bits: Indices) -> tuple[Indices, Indices]:
        """All elements."""
        upsets = np.repeat(np.arange(len(first)), widths)
        within = np.arange(len(upsets)) - np.repeat(np.cumsum(widths) - widths, widths)
        return upsets, np.repeat(first - first % widths, widths) + within


EXAMPLE = Example("word0", 0b1010, 0b1111, 0b0000)

WORD_READS_ZERO = FaultKind("word0", CLEAR, "reads 0", EXAMPLE, footprint=Word)
WORD_INVERTED = FaultKind("wordflip", INVERT, "is inverted", EXAMPLE, footprint=Word)
THREE_STUCK = FaultKind("stripe", SET, "reads 1", EXAMPLE, Parameter("N", 2, 9))

MADE_UP = (WORD_READS_ZERO, WORD_INVERTED, THREE_STUCK)
"""Kinds that nobody has heard of: another footprint, another operation, both with a number."""

ANY_KIND = st.sampled_from((*FAULT_KINDS, *MADE_UP))


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "FAULT_KINDS", (*FAULT_KINDS, *MADE_UP))


# Definitions


def bit_by_bit(becomes: TruthTable, code: int, mask: int) -> int:
    """What the definition makes of one byte."""
    bits = [(becomes[code >> i & 1] if mask >> i & 1 else code >> i & 1) << i for i in range(8)]
    return sum(bits)


@pytest.mark.parametrize("becomes", OPERATIONS)
def test_every_operation_does_to_bytes_what_its_definition_says(becomes: TruthTable) -> None:
    codes, masks = (a.reshape(-1) for a in np.meshgrid(*[np.arange(256, dtype=np.uint8)] * 2))
    wanted = [
        bit_by_bit(becomes, c, m) for c, m in zip(codes.tolist(), masks.tolist(), strict=True)
    ]
    assert BITWISE[becomes].apply(codes, masks).tolist() == wanted
    memory = codes.copy()
    BITWISE[becomes].apply_at(memory, np.arange(len(memory)), masks)
    assert memory.tolist() == wanted


def test_there_is_no_other_operation() -> None:
    assert set(BITWISE) == OPERATIONS
    every = {TruthTable(a, b) for a in (0, 1) for b in (0, 1)}
    assert every - {TruthTable(0, 1)} == OPERATIONS
    with pytest.raises(ValueError, match="'idle' leaves every bit as it is"):
        FaultKind("idle", TruthTable(0, 1), "", EXAMPLE)


@examples(100)
@given(st.data())
def test_a_footprint_spreads_as_it_is_defined(data: st.DataObject) -> None:
    """Fails if `spread` and `positions` differ in one bit, or an upset leaves its tensor."""
    footprint: Footprint = data.draw(
        st.one_of(
            st.builds(AdjacentBits, st.integers(1, 70)),
            st.builds(AlignedBits, st.integers(1, 300)),
            st.builds(StridedBits, st.integers(1, 9), st.integers(1, 99)),
            st.just(Word(1)),
        )
    )
    widths = data.draw(st.lists(st.sampled_from([4, 8, 16, 32, 64]), min_size=1, max_size=4))
    bits = [width * data.draw(st.integers(1, 4)) for width in widths]
    first = [data.draw(st.integers(0, size - 1)) for size in bits]
    upsets, hit = footprint.spread(*(np.array(a, np.int64) for a in (first, widths, bits)))
    defined = [
        (upset, position)
        for upset, asked in enumerate(zip(first, widths, bits, strict=True))
        for position in footprint.positions(*asked)
    ]
    assert list(zip(upsets.tolist(), hit.tolist(), strict=True)) == defined
    assert all(0 <= position < bits[upset] for upset, position in defined)
    if footprint.alone:
        assert defined == list(enumerate(first))
    for site, width, size in zip(first, widths, bits, strict=True):
        inside = list(footprint.positions(site % width, width, size))
        masks = element_masks(footprint, site % width, width, size)
        assert sum(mask << width * i for i, mask in enumerate(masks)) == sum(1 << p for p in inside)


# One entry, obeyed by all


@st.composite
def byte_spaces(draw: st.DrawFn) -> FaultSpace:
    """One or two small tensors whose elements are whole bytes, as stored."""
    whole = st.sampled_from([e for e in ELEMENT_TYPES.values() if e.bits >= 8])
    elements = draw(st.lists(whole, min_size=1, max_size=2))
    return FaultSpace(
        tuple(
            TensorSite(f"t{i}", Kind.WEIGHT, (draw(st.integers(1, 3)),), StoredCodec(e), e.name)
            for i, e in enumerate(elements)
        )
    )


@examples(150)
@given(byte_spaces(), st.data())
def test_codes_live_bytes_and_oracle_agree_on_any_kind(
    space: FaultSpace, data: st.DataObject
) -> None:
    """Stored bytes, changed three ways. Fails if hits of one bit cancel that should not."""
    pattern = data.draw(patterns(space, ANY_KIND.flatmap(faults_of)))
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    stored = {t.name: rng.bytes(t.bits // 8) for t in space.tensors}
    values = {
        t.name: np.frombuffer(stored[t.name], ELEMENT_TYPES[t.dtype].dtype) for t in space.tensors
    }
    memory = np.frombuffer(b"".join(stored.values()), np.uint8).copy()
    tensors, bits = space.bits_hit(pattern)
    places = space.offsets[tensors] + bits
    masks = np.left_shift(1, places % 8).astype(np.uint8)
    write_upsets(memory, pattern.fault.kind, places // 8, masks)

    by_oracle = stored | FaultyBytes(space, values, stored).of(pattern)
    assert memory.tobytes() == b"".join(by_oracle.values())

    by_codes = dict(stored)
    for hit in space.masks(pattern):
        site = space.tensors[hit.tensor]
        codes = to_codes(values[site.name].copy(), ELEMENT_TYPES[site.dtype]).copy()
        codes[hit.elements] = pattern.fault.apply(codes[hit.elements], hit.codes(codes.dtype))
        by_codes[site.name] = codes.tobytes()
    assert by_codes == by_oracle


@pytest.mark.parametrize("kind", MADE_UP, ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    "name", ["conv_blocked", "float16_gemm", "qdq_conv_uint8_int8", "int4_per_tensor"]
)
@examples(8)
@given(data=st.data())
def test_live_weights_answer_as_the_oracle_does(
    kind: FaultKind, name: str, data: st.DataObject
) -> None:
    on = context(name)
    pattern = data.draw(patterns(on.space, faults_of(kind)))
    expected = answer(on.oracle, pattern, on.feeds)
    for executor in (on.live, on.cut):
        assert answer(executor, pattern, on.feeds).same_as(expected)
        executor.check_golden()


def test_a_word_that_reads_zero_is_zero() -> None:
    on = context("conv_blocked")
    site = on.space.tensors[0]
    pattern = FaultPattern(FaultModel(WORD_READS_ZERO), np.array([5, 40], np.int64))
    raw = on.oracle.faulty.of(pattern)[site.name]
    values: npt.NDArray[np.float32] = np.frombuffer(raw, np.float32)
    assert values[:2].tolist() == [0.0, 0.0]
    assert values[2:].all()


@pytest.mark.parametrize("kind", MADE_UP, ids=lambda kind: kind.name)
def test_strata_follow_from_the_entry(kind: FaultKind) -> None:
    """An upset that inverts or clears whole words does the same wherever in the word it begins."""
    on = context("conv_blocked")
    values = {t.name: on.model.values()[t.name] for t in on.space.tensors}
    fault = FaultModel(kind, kind.parameter.least if kind.parameter else 1)
    severity = find_severity(on.space, values, fault)
    assert severity.severe_bits
    parts = split_sites(on.space, values, fault).parts
    if kind.footprint is Word:
        assert {len(tensor) for tensor in parts} == {1}
        assert severity.severe.all()
    else:
        assert max(len(tensor) for tensor in parts) > 1


@pytest.mark.usefixtures("added")
def test_users_can_ask_for_a_new_entry() -> None:
    assert parse_fault("word0") == FaultModel(WORD_READS_ZERO)
    assert parse_fault("stripe:4") == FaultModel(THREE_STUCK, 4)
    assert "column:K, word0, wordflip, stripe:N or mix:" in offered_faults()
    assert "; stripe:N reads 1; mix:" in fault_rules()
    assert EXAMPLE in FaultModel.examples()
    with pytest.raises(BadOption, match=r"wordflip, stripe:N \(N from 2 to 9\) or mix:"):
        parse_fault("stripe:10")


# What people read


def test_help_and_documents_name_every_kind() -> None:
    assert offered_faults(default=True).startswith(
        "flip (default), burst:K, stuck0, stuck1, word:W"
    )
    assert listed_choices(["a", "b"]) == "a or b"
    method = (ROOT / "docs" / "method.md").read_text("utf-8")
    maps = (ROOT / "docs" / "method-maps.md").read_text("utf-8")
    for kind in FAULT_KINDS:
        assert f"`{kind.form}`" in method, kind.name
        assert f"`{kind.form}`" in maps, kind.name


@pytest.mark.parametrize("number", ["9" * 5000, "٣٣٣", "-2", "2.0"])
def test_numbers_that_are_none_are_refused(number: str) -> None:
    with pytest.raises(BadOption, match="not a fault model"):
        parse_fault(f"burst:{number}")
