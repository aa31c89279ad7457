"""A pattern as changes of live weights, and the context in which it is in force."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from analyzer.answers import Feeds, Result
from analyzer.errors import NotRestored
from analyzer.faults.elements import Values
from analyzer.faults.kinds import FaultKind
from analyzer.faults.models import FaultModel, FaultPattern
from analyzer.faults.space import ElementMasks, FaultSpace, Indices, TensorSite
from analyzer.runtime.executor import Run
from analyzer.runtime.layout.decode import Place
from analyzer.runtime.stretches.golden_run import GoldenRun, Start
from analyzer.runtime.weights.memory import Arena


@dataclass(frozen=True, slots=True)
class Write:
    """A mutation of one buffer: which flat positions get which values."""

    slot: str
    positions: npt.NDArray[Any]
    values: Values

    def put(self, live: Arena) -> None:
        """Write the values."""
        flat(live.views[self.slot])[self.positions] = self.values

    def put_back(self, live: Arena, golden: Mapping[str, Values]) -> None:
        """Write those of ``golden`` instead.

        Raises:
            NotRestored: they did not arrive.
        """
        clean = flat(golden[self.slot])[self.positions]
        buffer = flat(live.views[self.slot])
        buffer[self.positions] = clean
        if buffer[self.positions].tobytes() != clean.tobytes():
            raise NotRestored(f"weights in {self.slot!r} differ from golden after a trial")


class Owner(Protocol):
    """Whose weights an injection changes."""

    def write(self, injection: "Injection") -> None:
        """Put the faulty bits of ``injection`` into the live weights."""

    def restore(self, injection: "Injection") -> None:
        """Put golden back where ``injection`` wrote."""

    def run_under(self, injection: "Injection", feeds: Feeds) -> Result:
        """Run under ``injection``, which is in force."""

    def golden_under(self, injection: "Injection", feeds: Feeds) -> GoldenRun | None:
        """The golden run of ``feeds``, if any are kept, while ``injection`` is in force."""


@dataclass(frozen=True, slots=True)
class Injection:
    """One pattern, resolved to bytes of the live weights: written on entry, undone on exit."""

    executor: Owner
    kind: FaultKind
    start: Start
    addresses: Indices
    masks: npt.NDArray[np.uint8]
    converted: list[Write]

    def __enter__(self) -> Run:
        self.executor.write(self)
        return partial(self.executor.run_under, self)

    def __exit__(self, *_: object) -> None:
        self.executor.restore(self)

    def touched(self, live: Arena) -> Indices:
        """The bytes of the arena that it changes."""
        parts = [self.addresses]
        for write in self.converted:
            size = live.views[write.slot].itemsize
            first = live.starts[write.slot] + write.positions.astype(np.int64) * size
            parts.append((first[:, None] + np.arange(size)).reshape(-1))
        return np.concatenate(parts) if self.converted else self.addresses


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

    def writes(self, hit: ElementMasks, fault: FaultModel) -> Iterator[Write]:
        """What the upsets in one tensor change."""
        site = self.space.tensors[hit.tensor]
        values = self._faulty_values(site, hit, fault)
        for place in self.places[site.name]:
            positions, present = _positions(place, hit.elements)
            moved = place.conversion(values if present is None else values[present])
            yield Write(place.slot, positions, moved)

    def all_writes(self, pattern: FaultPattern, reach: npt.NDArray[np.bool_]) -> list[Write]:
        """What ``pattern`` changes in the tensors that are converted: ``reach``, by tensor."""
        return [
            write
            for hit in self.space.masks(pattern)
            if reach[hit.tensor]
            for write in self.writes(hit, pattern.fault)
        ]

    def _faulty_values(self, site: TensorSite, hit: ElementMasks, fault: FaultModel) -> Values:
        golden = flat(self.golden[site.name])[hit.elements]
        codes = site.codec.encode(golden)
        return site.codec.decode(fault.apply(codes, hit.codes(codes.dtype)))


def _positions(
    place: Place, elements: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Flat positions of ``elements``, and which of them are present (None: all)."""
    if place.positions is None:
        return elements, None
    positions = place.positions.at(elements)
    present = positions >= 0
    if present.all():
        return positions, None
    return positions[present], present


def flat(values: Values) -> Values:
    """All elements in one row, in the same memory."""
    return values.reshape(-1)
