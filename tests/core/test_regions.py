"""Memories side by side: each decodes its own upsets, whatever the others hold."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.elements import Values
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.protections import parse_protection
from analyzer.faults.protections.protection import read_codes
from analyzer.faults.protections.regions import UNPROTECTED, JoinedMemory, RegionProtection
from analyzer.faults.space import FaultSpace, Target
from tests.strategies import examples, spaces, values_of

RULES = ("none", "secded:8", "parity:8:zero", "tmr", "crc:16", "secded:8:zero")
FAULTS = ("flip", "burst:3", "word:8", "stuck1")


@st.composite
def memories(draw: st.DrawFn) -> tuple[JoinedMemory, FaultSpace, list[str], dict[str, Values]]:
    """A space of two tensors or more in two regions, each with a rule."""
    space = draw(spaces().filter(lambda s: len([t for t in s.tensors if t.bits]) > 1))
    names = [t.name for t in space.tensors if t.bits]
    first = frozenset(names[::2])
    second = frozenset(t.name for t in space.tensors) - first
    rules = [draw(st.sampled_from(RULES)) for _ in range(2)]
    protection = RegionProtection(("a", "b"), (first, second), tuple(map(parse_protection, rules)))
    values = values_of(space, draw(st.integers(0, 9)))
    return protection.protect(space, values), space, rules, values


@given(memories(), st.sampled_from(FAULTS), st.integers(0, 2**32))
@examples(60)
def test_each_memory_decodes_its_own_upsets(
    made: tuple[JoinedMemory, FaultSpace, list[str], dict[str, Values]], fault: str, seed: int
) -> None:
    """What is read of a tensor is what its own memory alone would let be read."""
    memory, _, _, values = made
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 6))
    sites = np.unique(rng.integers(memory.space.bits, size=count))
    residual = memory.residual(FaultPattern(parse_fault(fault), sites))
    golden = [t.codec.encode(t.golden(values).reshape(-1)) for t in memory.data.tensors]
    read = read_codes(memory.data, golden, residual.pattern)
    corrections = detections = 0
    for part, own, tensors in zip(memory.parts, memory.members, memory.tensors_of, strict=True):
        home = memory.space.offsets.searchsorted(sites, side="right") - 1
        mine = [
            int(part.space.offsets[tensors.index(t)] + site - memory.space.offsets[t])
            for t, site in zip(home.tolist(), sites.tolist(), strict=True)
            if t in tensors
        ]
        alone = part.residual(FaultPattern(parse_fault(fault), np.array(sorted(mine), np.int64)))
        corrections += alone.corrections
        detections += alone.detections
        held = [golden[i] for i in own]
        for index, codes in zip(own, read_codes(part.data, held, alone.pattern), strict=True):
            assert read[index].tolist() == codes.tolist()
    assert (residual.corrections, residual.detections) == (corrections, detections)


@given(memories())
@examples(30)
def test_every_bit_has_one_memory(
    made: tuple[JoinedMemory, FaultSpace, list[str], dict[str, Values]],
) -> None:
    """Data bits keep their places; check bits lie behind, each in the memory that made it."""
    memory, space, rules, _ = made
    assert [t.name for t in memory.data.tensors] == [t.name for t in space.tensors]
    assert memory.data.offsets.tolist() == space.offsets.tolist()
    everything = sorted(i for own in memory.tensors_of for i in own)
    assert everything == list(range(len(memory.space.tensors)))
    for rule, own in zip(rules, memory.tensors_of, strict=True):
        checks = [i for i in own if memory.space.tensors[i].target is Target.CHECK]
        assert bool(checks) == (rule not in ("none",))
    assert memory.covered.shape[0] == len(memory.space.tensors)


def test_nothing_is_protected_without_a_rule() -> None:
    none = parse_protection("none")
    assert RegionProtection(("a",), (frozenset({"t"}),), (none,)).name == "none"
    assert UNPROTECTED.name == "none"
