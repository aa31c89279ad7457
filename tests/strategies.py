"""Hypothesis strategies for fault spaces and patterns, and how hard to look."""

import os
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from analyzer.faults.elements import ELEMENT_TYPES, ENCODINGS, Values, codec_for
from analyzer.faults.kinds import FAULT_KINDS, INVERT, MIXTURE, FaultKind
from analyzer.faults.models import FaultModel, FaultPattern
from analyzer.faults.sampling import with_kinds
from analyzer.faults.space import FaultSpace, Kind, TensorSite

Test = TypeVar("Test", bound=Callable[..., object])

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"


def examples(count: int) -> Callable[[Test], Test]:
    """This many examples, the same in every run; 50 times as many fresh ones in a long run."""
    return settings(max_examples=count * 50 if LONG else count, derandomize=not LONG, deadline=None)


MANY = 2000
"""Upsets in the fullest patterns; an oracle that goes bit by bit takes a few milliseconds."""


def faults_of(kind: FaultKind) -> st.SearchStrategy[FaultModel]:
    """Any fault of a kind: with each number that it takes."""
    if kind.parameter is None:
        return st.just(FaultModel(kind))
    _, least, most, _ = kind.parameter
    return st.integers(least, most).map(lambda number: FaultModel(kind, number))


SINGLE: st.SearchStrategy[FaultModel] = st.sampled_from(FAULT_KINDS).flatmap(faults_of)
"""Faults of one kind."""

MIXED = st.lists(
    st.sampled_from([k for k in FAULT_KINDS if k.becomes == INVERT]).flatmap(faults_of),
    min_size=2,
    max_size=3,
    unique_by=str,
).map(lambda faults: FaultModel(MIXTURE, parts=tuple((1 / len(faults), f) for f in faults)))

FAULTS: st.SearchStrategy[FaultModel] = st.one_of(SINGLE, SINGLE, SINGLE, MIXED)


@st.composite
def tensor_sites(draw: st.DrawFn, name: str) -> TensorSite:
    """A small tensor of any type and encoding; scalars and empty ones too."""
    element = draw(st.sampled_from(list(ELEMENT_TYPES.values())))
    shape = tuple(draw(st.lists(st.integers(0, 3), max_size=3)))
    codec = codec_for(draw(st.sampled_from(ENCODINGS)), element)
    return TensorSite(name, draw(st.sampled_from(Kind)), shape, codec, element.name)


@st.composite
def spaces(draw: st.DrawFn) -> FaultSpace:
    """A space of one to four tensors with at least one bit."""
    count = draw(st.integers(1, 4))
    space = FaultSpace(tuple(draw(tensor_sites(f"t{i}")) for i in range(count)))
    return space if space.bits else draw(spaces())


@st.composite
def patterns(
    draw: st.DrawFn, space: FaultSpace, faults: st.SearchStrategy[FaultModel] = FAULTS
) -> FaultPattern:
    """Few upsets, placed tensor by tensor, or many: up to a quarter of all bits."""
    if draw(st.integers(0, 3)):
        sites = st.sampled_from([i for i, t in enumerate(space.tensors) if t.bits]).flatmap(
            lambda i: st.integers(int(space.offsets[i]), int(space.offsets[i + 1]) - 1)
        )
        places = draw(st.sets(sites, min_size=1, max_size=5))
    else:
        rng = np.random.default_rng(draw(st.integers(0, 2**32)))
        most = min(space.bits / 4, MANY)
        count = max(1, int(most * draw(st.floats(0, 1))))
        places = set(rng.choice(space.bits, count, replace=False).tolist())
    pattern = FaultPattern(draw(faults), np.array(sorted(places), np.int64))
    return with_kinds(np.random.default_rng(draw(st.integers(0, 99))), pattern)


def values_of(space: FaultSpace, seed: int) -> dict[str, Values]:
    """Any contents."""
    rng = np.random.default_rng(seed)
    found = {}
    for t in space.tensors:
        most = 1 << min(t.codec.bits, 63)
        codes = rng.integers(0, most, t.elements).astype(f"uint{max(8, t.codec.bits)}")
        found[t.name] = t.codec.decode(codes).reshape(t.shape)
    return found


def bits_of_upset(fault: FaultModel, first: int, size: int) -> list[int]:
    """The bits that an upset hits, told anew from the words of `docs/method.md`.

    Args:
        fault: of one kind.
        first: bit of the site within its tensor.
        size: bits of the tensor.
    """
    name, number = fault.kind.name, fault.length
    if name in ("word", "row"):
        block = number * (8 if name == "row" else 1)
        return [bit for bit in range(size) if bit // block == first // block]
    step = 512 if name == "column" else 1
    return [first + step * i for i in range(number) if first + step * i < size]
