"""What stands before the bound of one layer: images without faults, and images under patterns.

Each is a *unit*: units 0 .. images - 1 are fault-free, the others are the trials. What is in front
of the bound is run once per unit, whatever the threshold; it is kept while there is memory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.answers import Failure
from analyzer.faults.models import FaultPattern
from exporters.hardening.clipact.bounded_graph import Arrays, BoundedGraph
from exporters.hardening.clipact.image_batches import Frontier, Rows, clean_run
from exporters.hardening.clipact.reference import Reference

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TrialContext:
    """What all layers share; ``alive`` is called every now and then."""

    graph: BoundedGraph
    rows: Rows
    frontier: Frontier
    reference: Reference
    memory: int
    alive: Callable[[], object] = lambda: None


@dataclass(frozen=True, slots=True)
class Load:
    """One trial: the pattern as the executor takes it, and the image."""

    pattern: FaultPattern
    image: int


@dataclass(frozen=True, slots=True)
class Block:
    """Some images before the bound, and the trials on them.

    Attributes:
        first: Index of the first image.
        clean: What passes the cut in front of the bound, fault-free.
        faulty: By trial, what the faulty layer made of it; None: it failed.
    """

    first: int
    clean: Arrays
    faulty: Mapping[int, Arrays | None]

    @property
    def nbytes(self) -> int:
        """What it takes."""
        parts = (self.clean, *(made for made in self.faulty.values() if made))
        return sum(v.nbytes for part in parts for v in part.values())


class LayerBlocks:
    """The units of one layer, block by block."""

    def __init__(
        self, context: TrialContext, site: str, loads: Sequence[Load], images: int
    ) -> None:
        """Move the frontier to the layer; units are computed when they are first needed.

        Args:
            context: what all layers share.
            site: the site of the layer.
            loads: the trials.
            images: how many images there are.
        """
        self._context, self._site, self._loads = context, site, loads
        self.stretch = context.graph.stretches[site]
        self.images = images
        self.image_of = np.array([*range(images), *(load.image for load in loads)], np.int64)
        self._nearest = np.zeros((len(loads), 2))
        self._by_image = np.argsort(self.image_of[images:], kind="stable")
        self._drawn = self.image_of[images:][self._by_image]
        self._kept: dict[int, Block] = {}
        self._room = context.memory
        context.frontier.move(self.stretch.entry)

    def __len__(self) -> int:
        """Number of blocks."""
        return len(self._context.frontier)

    def units(self, number: int) -> Ints:
        """The units of a block."""
        images = self._context.frontier.images(number)
        first, last = np.searchsorted(self._drawn, (images.start, images.stop))
        trials = self._by_image[first:last] + self.images
        return np.concatenate([np.arange(images.start, images.stop), trials])

    def block(self, number: int) -> Block:
        """A block, kept or computed."""
        if number in self._kept:
            return self._kept[number]
        block = self._make(number)
        if block.nbytes <= self._room:
            self._room -= block.nbytes
            self._kept[number] = block
        return block

    def row(self, block: Block, unit: int) -> Arrays | None:
        """What passes the cut in front of the bound for one unit; None: the faulty layer failed."""
        clean = self._context.rows.row(block.clean, int(self.image_of[unit]) - block.first)
        if unit < self.images:
            return clean
        made = block.faulty[unit - self.images]
        return None if made is None else {**clean, **made}

    def key(self, block: Block, unit: int) -> int:
        """How many numbers are within the present upper bound, and within the lower one.

        The sets of these numbers grow with the bounds, so that equal counts are equal sets.
        """
        low, high = self._context.graph.limits(self._site)
        row = self.row(block, unit)
        if row is None:
            return 0
        value = row[self.stretch.source]
        key = int(np.count_nonzero(value <= high))
        if low is None:
            return key
        return key * (value.size + 1) + int(np.count_nonzero(value >= low))

    def equals_clean(self, unit: int) -> bool:
        """Whether under the present bounds a trial gives what its image gives without faults."""
        if unit < self.images:
            return False
        low, high = self._context.graph.limits(self._site)
        below, above = self._nearest[unit - self.images]
        return bool(above > high and (below == -np.inf if low is None else below < low))

    def _make(self, number: int) -> Block:
        graph, rows = self._context.graph, self._context.rows
        entry = self._context.frontier.values(number)
        first = self._context.frontier.images(number).start
        clean = clean_run(graph, entry, self.stretch.entry, self.stretch.bound)
        units = self.units(number)
        faulty: dict[int, Arrays | None] = {}
        for trial in (units[units >= self.images] - self.images).tolist():
            index = self._loads[trial].image - first
            made = faulty[trial] = self._faulty(rows.row(entry, index), trial)
            if made is not None:
                self._nearest[trial] = self._differs(rows.row(clean, index), made)
        return Block(first, clean, faulty)

    def _faulty(self, entry: Arrays, trial: int) -> Arrays | None:
        """What the layer makes of one image under a pattern; None if it fails."""
        graph, rows = self._context.graph, self._context.rows
        part = graph.part(self.stretch.entry, self.stretch.bound)
        fed = rows.join([entry], part.inputs)
        with graph.executor.inject(self._loads[trial].pattern):
            made = part.run(fed)
        return None if isinstance(made, Failure) else rows.row(made, 0)

    def _differs(self, clean: Arrays, made: Arrays) -> tuple[float, float]:
        """The numbers next to 0, below and above, in which a faulty value differs from golden.

        Bounds that leave out both leave nothing of the fault; NaN is left out by all bounds. Where
        something else differs that passes no bound, nothing hides the fault: (0, 0).
        """
        source = self.stretch.source
        others = (name for name in made if name != source)
        if self.stretch.late or any(made[n].tobytes() != clean[n].tobytes() for n in others):
            return 0.0, 0.0
        if source not in made:
            return -np.inf, np.inf
        a, b = clean[source], made[source]
        apart: npt.NDArray[Any] = np.concatenate([a[a != b], b[a != b]]).astype(np.float64)
        below = apart[apart < 0].max(initial=-np.inf)
        above = apart[apart > 0].min(initial=np.inf)
        return float(below), float(above)
