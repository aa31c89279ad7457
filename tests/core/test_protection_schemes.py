"""Schemes against slow references, their codes against their definitions, and the grammar."""

import zlib
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadOption
from analyzer.faults.elements import ELEMENT_TYPES, StoredCodec, Values, from_codes
from analyzer.faults.models import FLIP, FaultPattern
from analyzer.faults.protection_forms import FORMS
from analyzer.faults.protections import NONE, parse_protection
from analyzer.faults.protections.crc import crc_columns
from analyzer.faults.protections.grammar import SCHEMES
from analyzer.faults.protections.plan import ProtectionPlan
from analyzer.faults.protections.protection import storage_overhead
from analyzer.faults.protections.secded import check_bits, hsiao_columns
from analyzer.faults.space import FaultSpace, Kind, Target, TensorSite
from tests.core import slow_memory
from tests.strategies import examples, patterns, spaces, values_of

# Codes

SIZES = [1, 2, 3, 4, 8, 11, 26, 32, 57, 64, 120, 128]


@pytest.mark.parametrize("data", SIZES)
def test_hsiao_columns_are_what_hsiao_asks_for(data: int) -> None:
    """Distinct, of odd weight 3 or more, as light as there are, and no check bit too many."""
    columns, checks = hsiao_columns(data), check_bits(data)
    assert len(set(columns)) == len(columns) == data
    weights = [column.bit_count() for column in columns]
    assert all(weight % 2 and weight >= 3 for weight in weights)
    assert max(columns) < 1 << checks
    lightest = sorted(w for c in range(1 << checks) if (w := c.bit_count()) % 2 and w >= 3)
    assert sorted(weights) == lightest[:data]
    assert checks == 3 or (1 << checks - 2) - (checks - 1) < data


def test_the_usual_memory_has_72_bits_per_word_and_level_rows() -> None:
    columns = hsiao_columns(64)
    assert check_bits(64) == 8
    assert sum(column.bit_count() for column in columns) == 56 * 3 + 8 * 5 == 208
    rows = [sum(column >> row & 1 for column in columns) for row in range(8)]
    assert set(rows) == {26}


@pytest.mark.parametrize("data", [1, 4, 8, 16])
def test_any_two_errors_are_detected_and_any_one_corrected(data: int) -> None:
    """Every error of weight one and two, in data and check bits."""
    space, values = one_tensor("uint8", [0x35] * data)
    memory = parse_protection(f"secded:{data}").protect(space, values)
    bits = data + check_bits(data)
    places = [*range(data), *range(space.bits, space.bits + check_bits(data))]
    for count in (1, 2):
        for chosen in combinations(places, count):
            found = memory.residual(FaultPattern(FLIP, np.array(chosen, np.int64)))
            assert (found.corrections, found.detections) == ((1, 0) if count == 1 else (0, 1))
            assert found.announced == (count == 2)
            assert not (count == 1 and len(found.pattern))
    assert len(places) == bits


@examples(40)
@given(data=st.binary(min_size=1, max_size=40), error=st.binary(min_size=40, max_size=40))
def test_crc_is_that_of_zlib(data: bytes, error: bytes) -> None:
    """The syndrome of an error is the difference that it makes to zlib's CRC-32."""
    hit = bytes(a ^ b for a, b in zip(data, error, strict=False))
    bits = np.unpackbits(np.frombuffer(error[: len(data)], np.uint8), bitorder="little")
    columns = crc_columns(8 * len(data))
    syndrome = int(np.bitwise_xor.reduce(columns[bits == 1])) if bits.any() else 0
    reflected = int(f"{syndrome:032b}"[::-1], 2)
    assert reflected == zlib.crc32(data) ^ zlib.crc32(hit)


# Against slow memories

LINEAR = {"parity": slow_memory.Parity, "secded": slow_memory.Secded, "crc": slow_memory.Crc}


@pytest.mark.parametrize("scheme", [*LINEAR, "tmr"])
@examples(60)
@given(space=spaces(), data=st.data())
def test_words_are_read_as_a_slow_memory_reads_them(
    scheme: str, space: FaultSpace, data: st.DataObject
) -> None:
    """Any word length, action, selection and kind of upset; check bits are hit as well."""
    number = data.draw(st.integers(8 if scheme == "crc" else 1, 70))
    action = data.draw(st.sampled_from(["stop", "reload", "zero"]))
    bits = data.draw(st.one_of(st.none(), st.sets(st.integers(0, 63), min_size=1)))
    where = "" if bits is None else "@" + ",".join(f"bits={bit}" for bit in bits)
    widths = space.widths.tolist()
    positions = [[b for b in range(w) if bits is None or b in bits] for w in widths]
    text = "tmr" if scheme == "tmr" else f"{scheme}:{number}:{action}"
    values = values_of(space, data.draw(st.integers(0, 99)))
    if not any(p and t.elements for p, t in zip(positions, space.tensors, strict=True)):
        return
    memory = parse_protection(text + where).protect(space, values)
    code = slow_memory.Tmr() if scheme == "tmr" else LINEAR[scheme](number, action)
    slow = slow_memory.SlowMemory(space, values, code, positions)
    checks = memory.space.bits - space.bits
    assert checks == len(slow.words()) * code.checks
    pattern = data.draw(patterns(memory.space))
    found, wanted = memory.residual(pattern), slow.read(memory.space, pattern)
    read = slow_memory.data_bits(space, values)
    for site in found.pattern.sites.tolist():
        read[site] ^= 1
    assert read == wanted.read
    assert (found.corrections, found.detections) == (wanted.corrections, wanted.detections)
    assert found.announced == wanted.announced


@pytest.mark.parametrize("name", ["mset", "cep:3", "cep:7", "cep:15"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@examples(20)
@given(data=st.data())
def test_codes_in_place_are_those_of_the_slow_reference(
    name: str, dtype: str, data: st.DataObject
) -> None:
    element = ELEMENT_TYPES[dtype]
    codes = data.draw(st.lists(st.integers(0, (1 << element.bits) - 1), min_size=1, max_size=4))
    space, values = one_tensor(dtype, codes)
    memory = parse_protection(name).protect(space, values)
    pattern = data.draw(patterns(memory.space))
    held = [slow_memory.in_place(name, code, dtype)[0] for code in codes]
    golden = [slow_memory.in_place(name, code, dtype)[1] for code in held]
    codec = memory.data.tensors[0].codec
    assert codec.encode(values["t"]).tolist() == golden
    row = [code >> bit & 1 for code in held for bit in range(element.bits)]
    hit = slow_memory.hit_bits(space, row, pattern)
    words = [hit[i : i + element.bits] for i in range(0, len(hit), element.bits)]
    after = [sum(bit << place for place, bit in enumerate(word)) for word in words]
    read = [slow_memory.in_place(name, code, dtype)[1] for code in after]
    found = np.array(golden, np.uint64)
    for site in memory.residual(pattern).pattern.sites.tolist():
        found[site // element.bits] ^= np.uint64(1 << site % element.bits)
    assert found.tolist() == read


def one_tensor(dtype: str, codes: list[int]) -> tuple[FaultSpace, dict[str, Values]]:
    """A space of one tensor with these bits."""
    element = ELEMENT_TYPES[dtype]
    site = TensorSite("t", Kind.WEIGHT, (len(codes),), StoredCodec(element), dtype)
    values = from_codes(np.array(codes, element.code_dtype), element)
    return FaultSpace((site,)), {"t": values}


# Storage

OVERHEADS = {
    "parity:8": Fraction(1, 8),
    "parity:32": Fraction(1, 32),
    "secded:64": Fraction(1, 8),
    "secded:32": Fraction(7, 32),
    "secded:128": Fraction(9, 128),
    "tmr": Fraction(2),
    "crc:4096": Fraction(1, 128),
    "mset": Fraction(0),
    "cep:3": Fraction(0),
    "tmr@bits=30": Fraction(2, 32),
    "tmr@bits=30+secded:31": Fraction(2 + 7, 32),
}


@pytest.mark.parametrize("text", OVERHEADS)
def test_storage_overhead_is_exact(text: str) -> None:
    space, values = one_tensor("float32", [0] * 3968)
    memory = parse_protection(text).protect(space, values)
    assert storage_overhead(memory) == OVERHEADS[text]


def test_rules_share_a_tensor_and_the_first_wins() -> None:
    space, values = one_tensor("float32", [0] * 8)
    plan = parse_protection("none@bits=0-3+tmr@bits=30-31+secded")
    assert isinstance(plan, ProtectionPlan)
    memory = plan.protect(space, values)
    assert memory.protected_bits == 8 * 28
    names = [t.name for t in memory.space.tensors[1:]]
    assert names == ["t (tmr@bits=30-31, copy 2)", "t (tmr@bits=30-31, copy 3)", "t (secded:64)"]
    assert [t.bits for t in memory.space.tensors[1:]] == [16, 16, -(-8 * 26 // 64) * 8]
    assert {t.target for t in memory.space.tensors[1:]} == {Target.CHECK}

    def left(*sites: int) -> list[int]:
        pattern = FaultPattern(FLIP, np.array(sites, np.int64))
        return [int(site) for site in memory.residual(pattern).pattern.sites]

    assert left(0) == [0]
    assert left(30) == left(4) == []
    first_copy = space.bits
    assert left(30, first_copy) == [30]


# The grammar


def test_help_names_every_scheme() -> None:
    assert list(FORMS) == [NONE.name, *SCHEMES]
    assert all(form.partition("[")[0] == name for name, form in FORMS.items())
    assert all(("[:N]" in FORMS[name]) == bool(offer.most) for name, offer in SCHEMES.items())


def test_protections_are_written_one_way() -> None:
    for text, canonical in {
        "none": "none",
        "secded": "secded:64",
        "secded:stop:32": "secded:32",
        "parity:zero": "parity:32:zero",
        "parity:8:reload": "parity:8",
        "tmr@conv*,fc?": "tmr@conv*,fc?",
        "cep": "cep:3",
        "secded@kind=weight,type=float32,bits=23-30": (
            "secded:64@kind=weight,type=float32,bits=23-30"
        ),
        " tmr@a* + crc:64 ": "tmr@a*+crc:64",
    }.items():
        found = parse_protection(text)
        assert found.name == canonical
        assert parse_protection(canonical).name == canonical
    assert parse_protection("none@a*+none") is NONE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("secdet", "there is no scheme 'secdet'.*did you mean secded"),
        ("", "there is no scheme ''"),
        ("tmr:3", "'3' does not belong there; tmr takes nothing"),
        ("secded:0", "a number of data bits from 1 to 4096 or one of stop, reload, zero"),
        ("secded:64:32", "32 is one data too many"),
        ("cep:zero", "'zero' does not belong there"),
        ("tmr@", "nothing follows @"),
        ("tmr@a,,b", "an empty term behind @"),
        ("tmr@kind=weights", "no kind 'weights'.*did you mean weight"),
        ("tmr@type=float", "no type 'float'"),
        ("tmr@bits=40-30", "names no bit positions"),
        ("tmr@bits=99", "names no bit positions"),
        ("tmr+", "there is no scheme ''"),
        ("none:3", "there is no scheme 'none'"),
    ],
)
def test_what_is_no_protection(text: str, words: str) -> None:
    with pytest.raises(BadOption, match=words):
        parse_protection(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tmr@nothing*", "'tmr@nothing\\*' selects no bit at risk"),
        ("tmr@bits=40", "selects no bit at risk"),
        ("tmr+secded", "'secded:64' selects only bits that a rule before it protects"),
        ("mset", "cannot protect 't': it holds int8"),
    ],
)
def test_rules_that_protect_nothing(text: str, words: str) -> None:
    space, values = one_tensor("int8", [1, 2])
    with pytest.raises(BadOption, match=words):
        parse_protection(text).protect(space, values)


def test_codes_in_place_take_whole_elements() -> None:
    space, values = one_tensor("float32", [1, 2])
    with pytest.raises(BadOption, match=r"'mset@bits=30' has only some bits of 't'"):
        parse_protection("mset@bits=30").protect(space, values)
