"""Stored tensors on the same bytes of a file: one byte is one fault site, whoever reads it.

Tensors share bytes where their ranges of external data overlap. A tensor whose range holds all
others of a group owns the sites; where none does, the bytes as such do. An upset hits every tensor
that holds the bit, selected or not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from analyzer.faults.elements import UINT8, StoredCodec
from analyzer.faults.space import Alias, FaultSpace, Part, TensorSite


@dataclass(frozen=True, slots=True)
class Region:
    """The bytes of one stored tensor in a file.

    Attributes:
        file: The file.
        start: First byte.
        stop: Behind the last byte.
    """

    file: str
    start: int
    stop: int

    def overlaps(self, other: "Region") -> bool:
        """True if the two have a byte in common."""
        return self.file == other.file and self.start < other.stop and other.start < self.stop


def only_shared(regions: Mapping[str, Region]) -> dict[str, Region]:
    """The regions that overlap another one.

    Args:
        regions: by tensor.

    >>> regions = {"a": Region("f", 0, 8), "b": Region("f", 4, 9), "c": Region("f", 9, 10)}
    >>> sorted(only_shared(regions))
    ['a', 'b']
    """
    return {name: regions[name] for group in _groups(regions) if len(group) > 1 for name in group}


def share_bytes(
    space: FaultSpace, every: Sequence[TensorSite], regions: Mapping[str, Region]
) -> FaultSpace:
    """The space with each shared byte counted once.

    Args:
        space: the selected tensors, each with all of its bits.
        every: all tensors in scope, selected or not.
        regions: where tensors that share bytes are stored.
    """
    selected = {t.name: t for t in space.tensors}
    here = {name: region for name, region in regions.items() if name in selected}
    owners: list[tuple[TensorSite, Region | None]] = [
        (t, None) for t in space.tensors if t.name not in here
    ]
    for group in _alike(here, selected):
        owners.append(_owner([selected[name] for name in group], here))
    order = {t.name: i for i, t in enumerate(space.tensors)}
    owners.sort(key=lambda owner: order[owner[0].first])
    aliases = (
        Alias(site, index, 8 * (regions[site.name].start - region.start))
        for index, (owner, region) in enumerate(owners)
        if region is not None
        for site in every
        if site.name in regions and site.name != owner.name
        if regions[site.name].overlaps(region)
        if _stored(owner, site) or (regions[site.name] == region and owner.dtype == site.dtype)
    )
    return FaultSpace(tuple(owner for owner, _ in owners), tuple(aliases))


def _groups(regions: Mapping[str, Region]) -> Iterator[list[str]]:
    """Tensors whose ranges hang together, in the order of the file."""
    names = sorted(regions, key=lambda n: (regions[n].file, regions[n].start, -regions[n].stop))
    group: list[str] = []
    stop = 0
    for name in names:
        region = regions[name]
        if group and (region.file != regions[group[0]].file or region.start >= stop):
            yield group
            group, stop = [], 0
        group.append(name)
        stop = max(stop, region.stop)
    if group:
        yield group


def _alike(regions: Mapping[str, Region], sites: Mapping[str, TensorSite]) -> Iterator[list[str]]:
    """Tensors that share a memory: under an encoding, only those that are wholly the same."""
    if _stored(*(sites[name] for name in regions)):
        yield from _groups(regions)
        return
    found: dict[tuple[Region, str], list[str]] = {}
    for name, region in regions.items():
        found.setdefault((region, sites[name].dtype), []).append(name)
    yield from found.values()


def _stored(*sites: TensorSite) -> bool:
    """True if the memory at risk holds the file's own bytes; an encoding has its own memories."""
    return all(isinstance(site.codec, StoredCodec) for site in sites)


def _owner(
    members: Sequence[TensorSite], regions: Mapping[str, Region]
) -> tuple[TensorSite, Region]:
    """The tensor that holds all bits of a group, or the bytes as such."""
    first = regions[members[0].name]
    start = min(regions[m.name].start for m in members)
    stop = max(regions[m.name].stop for m in members)
    whole = Region(first.file, start, stop)
    end = max(8 * (regions[m.name].start - start) + m.codec.bits * m.elements for m in members)
    for member in members:
        if regions[member.name].start == start and (not _stored(member) or member.bits == end):
            return member, whole
    parts = tuple(Part(m.name, regions[m.name].start - start, m.dtype) for m in members)
    name = " | ".join(m.name for m in members)
    codec = StoredCodec(UINT8)
    kind = members[0].kind
    return TensorSite(name, kind, (stop - start,), codec, UINT8.name, parts=parts), whole
