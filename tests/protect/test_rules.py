"""A choice for each tensor, written as a protection, protects exactly what was chosen."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.elements import ELEMENT_TYPES, StoredCodec
from analyzer.faults.protections.grammar import parse_protection
from analyzer.faults.protections.memory import GuardedMemory
from analyzer.faults.protections.plan import ProtectionPlan
from analyzer.faults.protections.protection import storage_overhead
from analyzer.faults.protections.scheme import Scheme
from analyzer.faults.space import FaultSpace, Kind, TensorSite
from analyzer.planning.harm import Harm
from analyzer.planning.menu import Choice, check_bits
from analyzer.planning.rules import glob_of, protection_of
from tests.strategies import examples

NAMES = ("conv1.weight", "conv1.bias", "a+b", "kind=x", "[odd]", "x,y", "st*r", " blank ")
TYPES = ("float32", "int8")


def space_of(dtypes: list[str]) -> FaultSpace:
    kinds = (Kind.WEIGHT, Kind.BIAS)
    return FaultSpace(
        tuple(
            TensorSite(name, kinds[i % 2], (3,), StoredCodec(ELEMENT_TYPES[dtype]), dtype)
            for i, (name, dtype) in enumerate(zip(NAMES, dtypes, strict=False))
        )
    )


def scheme_of(text: str) -> Scheme:
    protection = parse_protection(text)
    assert isinstance(protection, ProtectionPlan)
    assert protection.rules[0].scheme is not None
    return protection.rules[0].scheme


wanted = st.tuples(st.sampled_from(["", "secded:64", "tmr"]), st.sampled_from([(7,), (5, 6), ()]))


def chosen(tensor: TensorSite, want: tuple[str, tuple[int, ...]]) -> Choice:
    text, bits = want
    if not text:
        return Choice(None, (), 0, 0, Harm())
    positions = bits or tuple(range(tensor.codec.bits))
    values = np.zeros(tensor.shape, ELEMENT_TYPES[tensor.dtype].dtype)
    checks = check_bits(tensor, values, scheme_of(text), positions)
    return Choice(scheme_of(text), positions, 3 * len(positions), checks, Harm())


@examples(150)
@given(st.lists(st.tuples(st.sampled_from(TYPES), wanted), min_size=1, max_size=len(NAMES)))
def test_the_protection_is_what_was_chosen(
    tensors: list[tuple[str, tuple[str, tuple[int, ...]]]],
) -> None:
    space = space_of([dtype for dtype, _ in tensors])
    choices = [chosen(t, w) for t, (_, w) in zip(space.tensors, tensors, strict=True)]
    found = protection_of(space, choices)
    assert parse_protection(found.name).name == found.name
    values = {t.name: np.zeros(t.shape, ELEMENT_TYPES[t.dtype].dtype) for t in space.tensors}
    memory = found.protect(space, values)
    assert memory.space.bits - memory.data.bits == sum(c.check_bits for c in choices)
    assert memory.protected_bits == sum(c.protected_bits for c in choices)
    assert storage_overhead(memory) == Fraction(sum(c.check_bits for c in choices), space.bits)
    if isinstance(memory, GuardedMemory):
        for row, choice in zip(memory.owners, choices, strict=True):
            assert tuple(np.flatnonzero(row >= 0).tolist()) == choice.positions


def test_names_are_left_out_where_everything_is_chosen() -> None:
    space = space_of(["float32", "float32"])
    everything = [chosen(t, ("secded:64", (30,))) for t in space.tensors]
    assert protection_of(space, everything).name == "secded:64@bits=30"
    weight = [everything[0], Choice(None, (), 0, 0, Harm())]
    assert protection_of(space, weight).name == "secded:64@kind=weight,bits=30"
    nothing = [Choice(None, (), 0, 0, Harm())] * 2
    assert protection_of(space, nothing).name == "none"


def test_globs_hold_nothing_that_rules_would_read_otherwise() -> None:
    shown = [glob_of(tensor) for tensor in space_of(["float32"] * len(NAMES)).tensors]
    assert shown == [
        *("conv1.weight", "conv1.bias", "a?b", "?ind=x", "[[]odd]", "x?y", "st[*]r", "?blank?"),
    ]
