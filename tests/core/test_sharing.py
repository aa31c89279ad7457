"""Tensors on the same bytes: each byte counted once, each holder hit, against sets of bytes."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.bit_changes import element_changes
from analyzer.faults.elements import (
    ELEMENT_TYPES,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    INT8,
    StoredCodec,
    Values,
    codec_for,
)
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.selection import Selection
from analyzer.faults.sharing import Region, only_shared, share_bytes
from analyzer.faults.space import FaultSpace, Kind, TensorSite
from tests.strategies import examples

FLIP = parse_fault("flip")
ELEMENTS = (FLOAT32, INT8, FLOAT64, FLOAT16)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[TensorSite], dict[str, Region]]:
    """Tensors at any offsets of two files, some of them in no file."""
    sites, regions = [], {}
    for i in range(draw(st.integers(1, 7))):
        element = draw(st.sampled_from(ELEMENTS))
        count = draw(st.integers(1, 6))
        name = f"t{i}"
        sites.append(TensorSite(name, Kind.WEIGHT, (count,), StoredCodec(element), element.name))
        if draw(st.integers(0, 4)):
            start = draw(st.integers(0, 40))
            size = count * element.bits // 8
            regions[name] = Region(draw(st.sampled_from("fg")), start, start + size)
    return sites, regions


def held(
    sites: list[TensorSite], regions: dict[str, Region]
) -> dict[tuple[str, int], set[tuple[str, int]]]:
    """Slowly: for each bit of each file, the (tensor, bit) pairs that hold it."""
    found: dict[tuple[str, int], set[tuple[str, int]]] = {}
    for site in sites:
        region = regions.get(site.name, Region(f"own {site.name}", 0, 0))
        for bit in range(site.bits):
            found.setdefault((region.file, 8 * region.start + bit), set()).add((site.name, bit))
    return found


def hits(space: FaultSpace, site: int) -> set[tuple[str, int]]:
    pattern = FaultPattern(FLIP, np.array([site], np.int64))
    tensors, bits = space.bits_hit(pattern)
    assert tensors.tolist() == sorted(tensors.tolist())
    found = [(space.every[t].name, b) for t, b in zip(tensors.tolist(), bits.tolist(), strict=True)]
    assert len(found) == len(set(found))
    masked = {
        (space.every[m.tensor].name, int(e) * space.every[m.tensor].codec.bits + b)
        for m in space.masks(pattern)
        for e, mask in zip(m.elements, m.masks, strict=True)
        for b in range(64)
        if int(mask) >> b & 1
    }
    assert masked == set(found)
    return set(found)


@examples(150)
@given(layout=layouts(), data=st.data())
def test_every_bit_of_the_selected_tensors_is_one_site_and_hits_all_that_hold_it(
    layout: tuple[list[TensorSite], dict[str, Region]], data: st.DataObject
) -> None:
    sites, regions = layout
    names = [s.name for s in sites]
    chosen = data.draw(st.sets(st.sampled_from(names), min_size=1))
    selection = Selection(include=tuple(sorted(chosen)))
    space = share_bytes(selection.of(sites), sites, only_shared(regions))
    bits = held(sites, regions)
    wanted = Counter(
        frozenset(holders) for holders in bits.values() if any(n in chosen for n, _ in holders)
    )
    assert Counter(frozenset(hits(space, s)) for s in range(space.bits)) == wanted
    assert {t.name for t in space.members} == {n for holders in wanted for n, _ in holders}


@examples(60)
@given(layout=layouts())
def test_regions_that_overlap_no_other_are_no_matter(
    layout: tuple[list[TensorSite], dict[str, Region]],
) -> None:
    sites, regions = layout
    slow = {
        a
        for a in regions
        for b in regions
        if a != b
        and regions[a].file == regions[b].file
        and {*range(regions[a].start, regions[a].stop)}
        & {*range(regions[b].start, regions[b].stop)}
    }
    assert set(only_shared(regions)) == slow
    alone = [s for s in sites if s.name not in slow]
    whole = FaultSpace(tuple(alone))
    assert share_bytes(whole, sites, only_shared(regions)) == whole


def test_under_an_encoding_only_the_same_tensor_is_one_memory() -> None:
    codec = codec_for("q15.16", FLOAT16)
    sites = [TensorSite(n, Kind.WEIGHT, (4,), codec, "float16") for n in "abc"]
    regions = {"a": Region("f", 0, 8), "b": Region("f", 0, 8), "c": Region("f", 4, 12)}
    space = share_bytes(FaultSpace(tuple(sites)), sites, regions)
    assert [t.name for t in space.tensors] == ["a", "c"]
    assert hits(space, 3) == {("a", 3), ("b", 3)}
    assert hits(space, 32 * 4 + 5) == {("c", 5)}


def test_shared_bytes_are_known_from_the_tensors_that_share_them() -> None:
    a, b = np.array([1.0, 2.0], np.float32), np.array([2.0, -3.0], np.float32)
    sites = [TensorSite(n, Kind.WEIGHT, (2,), StoredCodec(FLOAT32), "float32") for n in "ab"]
    regions = {"a": Region("f", 0, 8), "b": Region("f", 4, 12)}
    space = share_bytes(FaultSpace(tuple(sites)), sites, regions)
    (joined,) = space.tensors
    assert (joined.name, joined.bits) == ("a | b", 96)
    expected = np.array([1.0, 2.0, -3.0], np.float32).tobytes()
    assert joined.golden({"a": a, "b": b}).tobytes() == expected


@examples(150)
@given(layout=layouts(), data=st.data())
def test_a_changed_bit_is_told_once_with_the_names_of_all_that_hold_it(
    layout: tuple[list[TensorSite], dict[str, Region]], data: st.DataObject
) -> None:
    sites, regions = layout
    chosen = data.draw(st.sets(st.sampled_from([s.name for s in sites]), min_size=1))
    selection = Selection(include=tuple(sorted(chosen)))
    space = share_bytes(selection.of(sites), sites, only_shared(regions))
    places = data.draw(st.sets(st.integers(0, space.bits - 1), min_size=1, max_size=40))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    files = {file: rng.bytes(200) for file in [*"fg", *(f"own {s.name}" for s in sites)]}

    def values(name: str) -> Values:
        dtype = next(ELEMENT_TYPES[s.dtype].dtype for s in sites if s.name == name)
        region = regions.get(name, Region(f"own {name}", 0, 8 * 6))
        stored = np.frombuffer(files[region.file][region.start : region.stop], dtype)
        return stored[: next(s.elements for s in sites if s.name == name)]

    changes = element_changes(space, FaultPattern(FLIP, np.array(sorted(places))), values)
    every = changes.farthest(len(changes))
    widths = {site.name: site.codec.bits for site in sites}
    told = [(c.tensor, c.element * widths[c.tensor] + b) for c in every for b in c.bits]
    assert sorted(told) == sorted((n, e * widths[n] + b) for n, e, b in changes.sites())
    groups = {one: group for group in held(sites, regions).values() for one in group}
    wanted = Counter(frozenset(hits(space, place)) for place in places)
    assert Counter(frozenset(groups[one]) for one in told) == wanted
    for change in every:
        bits = [(change.tensor, change.element * widths[change.tensor] + b) for b in change.bits]
        holders = {name for bit in bits for name, _ in groups[bit]}
        assert set(change.also) == holders - {change.tensor}
        assert len(set(change.also)) == len(change.also)
