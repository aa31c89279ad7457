"""The worth of parts of a map: shares sum to one, ranks follow SDC per bit, advice is a flag."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.protections import parse_protection
from analyzer.reports.map.record import BitPart, MapReport
from analyzer.reports.map.text import to_text
from analyzer.reports.map.worth import bit_advice, check_kib, of_part, with_worth
from tests.reports.examples import interval
from tests.reports.maps import area, example_map, tensor

FIELDS = [(31, "sign"), (30, "exponent"), (29, "exponent"), (0, "fraction")]


def bit(number: int, field: str, sdc: float, dtype: str = "float32") -> BitPart:
    fields: dict[str, Any] = {**area(3000, 0.0), "sdc": interval(sdc, 0.0, 1.0)}
    return BitPart(**fields, dtype=dtype, encoding="stored", bit=number, field=field)


def mapped(*sdc: float, **changed: Any) -> MapReport:
    """A map whose bits 31, 30, 29 and 0 have these probabilities."""
    bits = [bit(*where, p) for where, p in zip(FIELDS, sdc, strict=True)]
    return with_worth(example_map(bits=bits, **changed))


@given(st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4))
def test_shares_of_bits_and_of_fields_sum_to_one_or_to_nothing(sdc: list[float]) -> None:
    report = mapped(*sdc)
    for part in ("bit", "field"):
        rows = of_part(report, part)
        assert sum(r.sdc_share for r in rows) == pytest.approx(1.0 if sum(sdc) else 0.0)
        assert [r.sdc_per_bit for r in rows] == sorted((r.sdc_per_bit for r in rows), reverse=True)
    assert len(of_part(report, "field")) == 3


def test_known_answer_of_one_bit() -> None:
    row = of_part(mapped(0.0, 0.3, 0.1, 0.0), "bit")[0]
    assert (row.name, row.sdc_per_bit) == ("30", 0.3)
    assert row.sdc_share == pytest.approx(0.75)
    assert row.storage_share == 3000 / 96_000
    assert row.check_kib == 47 * 8 / 8192  # 3000 bits are 47 words of 64, with 8 check bits each
    assert row.sdc_share_per_kib == pytest.approx(0.75 / row.check_kib)


def test_tensors_are_ranked_by_sdc_per_bit_and_not_by_their_size() -> None:
    wide = tensor("wide", 90_000, 0.01, 0.9)
    report = with_worth(example_map(tensors=[wide, tensor("dense", 1_000, 0.1, 0.1)]))
    assert [r.name for r in of_part(report, "tensor")] == ["dense", "wide"]


def test_advice_names_bits_shares_and_a_protection_that_can_be_read() -> None:
    advice = bit_advice(mapped(0.0, 0.3, 0.01, 0.0))
    assert advice.startswith("Bit 30 of float32: 3.1 % of the storage, 96.8 % of the silent")
    flag = advice.rpartition("--protect ")[2]
    assert parse_protection(flag).name == flag == "secded:64@bits=30"
    assert flag in to_text(mapped(0.0, 0.3, 0.01, 0.0)).replace("\n", " ")


def test_types_are_named_where_there_are_several() -> None:
    bits = [bit(30, "exponent", 0.5), bit(7, "value", 0.5, "int8")]
    tensors = [tensor("a", 32_000, 0.1, 0.5), tensor("b", 64_000, 0.1, 0.5, dtype="int8")]
    advice = bit_advice(with_worth(example_map(bits=bits, tensors=tensors)))
    assert advice.endswith("--protect secded:64@type=float32,bits=30+secded:64@type=int8,bits=7")


def test_no_advice_without_harm_or_before_the_map_is_finished() -> None:
    assert not bit_advice(mapped(0.0, 0.0, 0.0, 0.0))
    unfinished = [tensor("a", 96_000, 0.1, 1.0, stop="budget")]
    assert not bit_advice(mapped(0.0, 0.3, 0.0, 0.0, tensors=unfinished))
    assert not bit_advice(example_map())


def test_check_bits_are_not_offered_for_protection() -> None:
    check = bit(3, "check", 0.0).model_copy(update={"encoding": "check bits of secded"})
    report = with_worth(example_map(bits=[bit(30, "exponent", 0.2), check]))
    assert [r.name for r in of_part(report, "bit")] == ["30"]


def test_words_that_are_not_full_take_whole_check_bits() -> None:
    assert check_kib(1) == check_kib(64) == 1 / 1024
    assert check_kib(65) == 2 / 1024
