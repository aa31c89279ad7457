"""A pattern as changes of live weights: bytes with masks, and values in converted tensors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import NotRestored
from analyzer.faults.elements import Values
from analyzer.faults.kinds import FaultKind
from analyzer.faults.models import FaultModel, FaultPattern
from analyzer.faults.space import ElementMasks, FaultSpace, Indices, TensorSite
from analyzer.runtime.layout.decode import Place
from analyzer.runtime.weights.memory import WeightMemory, restore, write_upsets


@dataclass(frozen=True, slots=True)
class Write:
    """New values at some flat positions of one buffer.

    Attributes:
        slot: Name of the buffer.
        positions: int (n,), flat positions.
        values: (n,), of the buffer's element type.
    """

    slot: str
    positions: npt.NDArray[Any]
    values: Values

    def put(self, live: WeightMemory) -> None:
        """Write the values."""
        flattened(live.views[self.slot])[self.positions] = self.values

    def put_back(self, live: WeightMemory, golden: Mapping[str, Values]) -> None:
        """Write those of ``golden`` instead.

        Args:
            live: the live weights.
            golden: golden values by slot.

        Raises:
            NotRestored: they did not arrive.
        """
        clean = flattened(golden[self.slot])[self.positions]
        buffer = flattened(live.views[self.slot])
        buffer[self.positions] = clean
        if buffer[self.positions].tobytes() != clean.tobytes():
            raise NotRestored(f"weights in {self.slot!r} differ from golden after a trial")


@dataclass(frozen=True, slots=True)
class WeightChange:
    """One pattern, resolved to places in the live weights.

    Attributes:
        kind: What an upset does.
        addresses: int64 (n,), bytes of the live weights; one may occur several times.
        masks: uint8 (n,), one bit set in each.
        converted: New values of tensors that the optimized graph holds in another form.
    """

    kind: FaultKind
    addresses: Indices
    masks: npt.NDArray[np.uint8]
    converted: list[Write]

    def write(self, live: WeightMemory) -> None:
        """Put the faulty bits into the live weights."""
        write_upsets(live.live, self.kind, self.addresses, self.masks)
        for write in self.converted:
            write.put(live)

    def restore(self, live: WeightMemory, golden: Mapping[str, Values]) -> None:
        """Put golden back.

        Args:
            live: the live weights.
            golden: golden values by slot.

        Raises:
            NotRestored: a touched weight is not golden.
        """
        restore(live, self.addresses)
        for write in self.converted:
            write.put_back(live, golden)

    def touched(self, live: WeightMemory) -> Indices:
        """The bytes of the live weights that it changes, int64 (n,), perhaps several times."""
        if not self.converted:
            return self.addresses
        parts = [self.addresses]
        for write in self.converted:
            size = live.views[write.slot].itemsize
            first = live.starts[write.slot] + write.positions.astype(np.int64) * size
            parts.append((first[:, None] + np.arange(size)).reshape(-1))
        return np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class Converter:
    """Mutations of tensors that the optimized graph holds in another form than the file.

    Attributes:
        space: The bits at risk.
        golden: Values of its tensors.
        places: Where they stand in the optimized graph.
    """

    space: FaultSpace
    golden: Mapping[str, Values]
    places: Mapping[str, tuple[Place, ...]]

    def hits(
        self, pattern: FaultPattern, reach: npt.NDArray[np.bool_]
    ) -> dict[str, tuple[Indices, Values]]:
        """The elements that ``pattern`` hits in converted tensors, and their faulty values.

        Args:
            pattern: the upsets.
            reach: bool (tensors,), true for the converted ones.
        """
        found: dict[str, tuple[Indices, Values]] = {}
        for hit in self.space.masks(pattern, reach):
            site = self.space.every[hit.tensor]
            found[site.name] = hit.elements, self._faulty_values(site, hit, pattern.fault)
        return found

    def writes(self, hits: Mapping[str, tuple[Indices, Values]]) -> Iterator[Write]:
        """The new values of tensors, in every place where they stand.

        Args:
            hits: by tensor: its elements that are hit, and their faulty values.
        """
        for name, (elements, values) in hits.items():
            for place in self.places.get(name, ()):
                positions, present = _positions(place, elements)
                moved = place.conversion(values if present is None else values[present])
                yield Write(place.slot, positions, moved)

    def _faulty_values(self, site: TensorSite, hit: ElementMasks, fault: FaultModel) -> Values:
        golden = flattened(self.golden[site.name])[hit.elements]
        codes = site.codec.encode(golden)
        return site.codec.decode(fault.apply(codes, hit.codes(codes.dtype)))


def _positions(
    place: Place, elements: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Flat positions of ``elements``, and a mask of those that are present (None: all)."""
    if place.positions is None:
        return elements, None
    positions = place.positions.at(elements)
    present = positions >= 0
    if present.all():
        return positions, None
    return positions[present], present


def flattened(values: Values) -> Values:
    """All elements in one row, in the same memory."""
    return values.reshape(-1)
