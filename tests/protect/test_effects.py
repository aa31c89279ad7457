"""What a scheme leaves of events, beside an enumeration of every event through its decoder."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.elements import ELEMENT_TYPES, StoredCodec, Values
from analyzer.faults.models import FLIP, FaultModel, FaultPattern, parse_fault
from analyzer.faults.protections.grammar import parse_protection
from analyzer.faults.protections.plan import ProtectionPlan
from analyzer.faults.protections.scheme import Scheme
from analyzer.faults.space import FaultSpace, Kind, TensorSite
from analyzer.planning.cells import Cell, EventKind, Share, estimated
from analyzer.planning.effects import fates, harm_behind, harm_without
from analyzer.planning.menu import Choice, check_bits, everywhere, menus
from tests.strategies import examples

FIELDS = ((30,), (23, 24, 25, 26, 27, 28, 29, 31), tuple(range(23)))
HARM = (0.6, 0.05, 0.001)


def site(elements: int, name: str = "w") -> TensorSite:
    codec = StoredCodec(ELEMENT_TYPES["float32"])
    return TensorSite(name, Kind.WEIGHT, (elements,), codec, "float32")


def cells(harm: tuple[float, ...] = HARM, due: float = 0.0) -> tuple[Cell, ...]:
    parts = zip(FIELDS, harm, strict=True)
    return tuple(Cell(bits, Share(p, p / 100.0), Share(due)) for bits, p in parts)


def kind(fault: FaultModel = FLIP, share: float = 1.0, tensors: int = 1) -> EventKind:
    return EventKind(share, fault, [cells()] * tensors)


def scheme_of(text: str) -> Scheme:
    protection = parse_protection(text)
    assert isinstance(protection, ProtectionPlan)
    assert protection.rules[0].scheme is not None
    return protection.rules[0].scheme


def values_of(tensor: TensorSite) -> Values:
    return np.linspace(-0.5, 0.5, tensor.elements).astype(np.float32)


def enumerated(tensor: TensorSite, text: str) -> tuple[float, float]:
    """Harmful bits and announced errors of single flips, over every bit of the memory."""
    memory = parse_protection(text).protect(FaultSpace((tensor,)), {"w": values_of(tensor)})
    sdc = due = 0.0
    for number in range(memory.space.bits):
        residual = memory.residual(FaultPattern(FLIP, np.array([number])))
        due += residual.announced
        for left in [] if residual.announced else residual.pattern.sites.tolist():
            sdc += next(p for bits, p in zip(FIELDS, HARM, strict=True) if left % 32 in bits)
    return sdc, due


UNIONS = [tuple(sorted(FIELDS[0] + FIELDS[1])), FIELDS[0], FIELDS[1], tuple(range(32))]
SCHEMES = ("secded:64", "secded:8", "tmr", "parity:32", "parity:32:stop", "crc:64")


@pytest.mark.parametrize(("text", "positions"), list(product(SCHEMES, UNIONS)))
@pytest.mark.parametrize("elements", [1, 3, 70])
def test_single_flips_are_what_enumeration_says(
    text: str, positions: tuple[int, ...], elements: int
) -> None:
    tensor, scheme = site(elements), scheme_of(text)
    own = [(kind(), cells())]
    found = fates(tensor, values_of(tensor), scheme, positions, own)
    checks = check_bits(tensor, values_of(tensor), scheme, positions)
    harm = harm_behind(found, tensor, checks, own)
    where = "" if len(positions) == 32 else "@" + ",".join(f"bits={p}" for p in positions)
    sdc, due = enumerated(tensor, f"{text}{where}")
    assert harm.sdc.mean == pytest.approx(sdc, abs=1e-9)
    assert harm.due.mean == pytest.approx(due, abs=1e-9)
    memory = parse_protection(f"{text}{where}").protect(
        FaultSpace((tensor,)), {"w": values_of(tensor)}
    )
    assert checks == memory.space.bits - memory.data.bits


def test_harm_without_protection_is_a_sum_over_bits() -> None:
    harm = harm_without(site(10), [(kind(), cells(due=0.5))])
    assert harm.sdc.mean == pytest.approx(10 * (0.6 + 8 * 0.05 + 23 * 0.001))
    assert harm.sdc.variance == pytest.approx(
        sum((10 * n) ** 2 * p / 100.0 for n, p in ((1, 0.6), (8, 0.05), (23, 0.001)))
    )
    assert harm.due.mean == pytest.approx(160.0)


def test_neighbouring_flips_end_a_run_behind_secded_and_are_outvoted_by_copies() -> None:
    """A word of SEC-DED detects both flips of nearly every burst; TMR keeps copies apart."""
    tensor, burst = site(256), parse_fault("burst:2")
    own = [(kind(burst), cells())]
    every = tuple(range(32))
    detected, outvoted = (
        harm_behind(
            fates(tensor, values_of(tensor), scheme_of(text), every, own),
            tensor,
            check_bits(tensor, values_of(tensor), scheme_of(text), every),
            own,
        )
        for text in ("secded:64", "tmr")
    )
    assert detected.due.mean > 0.9 * tensor.bits
    assert outvoted.due.mean == outvoted.sdc.mean == 0.0


def test_a_burst_that_is_partly_corrected_does_no_more_harm_than_the_whole() -> None:
    """Bit 30 is protected; of a burst from bit 29 on, bits 29 and 31 are left."""
    tensor, burst = site(64), parse_fault("burst:3")
    own = [(kind(burst, 0.5), cells()), (kind(FLIP, 0.5), cells())]
    found = fates(tensor, values_of(tensor), scheme_of("secded:64"), (30,), own)
    plain = harm_without(tensor, own)
    left = harm_behind(found, tensor, 8, own)
    assert 0.0 < left.sdc.mean < plain.sdc.mean
    whole = next(f for f in found if f.kind == 0 and f.part == 0)  # bursts from bit 30 on
    assert set(whole.harmful) <= {(1, 1), (1, 2)}  # judged as single flips of what is left


def test_codes_within_elements_protect_the_tripled_bit_alone() -> None:
    tensor, own = site(50), [(kind(), cells())]
    found = fates(tensor, values_of(tensor), scheme_of("mset"), tuple(range(32)), own)
    left = harm_behind(found, tensor, 0, own)
    assert left.sdc.mean == pytest.approx(50 * (8 * 0.05 + 23 * 0.001), rel=0.02)


@examples(8)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.sampled_from(["secded:64", "tmr", "parity:16"]),
)
def test_menus_hold_every_useful_union_and_nothing_dominated(sizes: list[int], text: str) -> None:
    tensors = tuple(site(n, f"t{i}") for i, n in enumerate(sizes))
    space = FaultSpace(tensors)
    values = {t.name: values_of(t) for t in tensors}
    events = [kind(tensors=len(sizes))]
    found = menus(space, values, events, [scheme_of(text)], [1.0 / space.bits] * len(sizes))
    whole = everywhere(space, values, events, scheme_of(text), [1.0 / space.bits] * len(sizes))
    for menu, every in zip(found, whole, strict=True):
        assert menu[0].scheme is None
        assert all(not _covers(a, b) for a in menu for b in menu if a is not b)
        assert any(_covers(choice, every) or choice == every for choice in menu)


def _covers(one: Choice, other: Choice) -> bool:
    mine, others = ((c.check_bits, *c.harm.sdc, *c.harm.due) for c in (one, other))
    return all(a <= b for a, b in zip(mine, others, strict=True))


def test_estimates_know_what_nothing_was_seen_of() -> None:
    assert estimated(0.3, 0) == Share(1.0)
    unseen, seen = estimated(0.0, 100), estimated(0.1, 100)
    assert unseen.mean == 0.0
    assert 0.0 < unseen.variance < seen.variance
    assert estimated(0.1, 1000).variance == pytest.approx(0.09 / 1000.0, rel=0.02)
