"""Units of one layer in front of its bound: images without faults, and images under patterns.

Units 0 .. images - 1 are fault-free images, the others are the trials. The nodes in front of the
bound run once per unit, whatever the threshold; their results are kept while there is memory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.answers import Failure
from analyzer.faults.rate_mixture import Trial
from analyzer.runtime.stretches.golden_run import Arrays
from exporters.hardening.clipact.bounded_graph import BoundedGraph
from exporters.hardening.clipact.image_batches import Batching, CutValues, clean_run
from exporters.hardening.clipact.reference import Reference

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SearchContext:
    """The things that the scorers of all layers share.

    Attributes:
        graph: The hardened model in parts.
        batching: How images are run together.
        entry: Fault-free values in front of the layer that is searched at present.
        reference: The right answers.
        memory: Bytes that one layer may keep.
        alive: Called every now and then.
    """

    graph: BoundedGraph
    batching: Batching
    entry: CutValues
    reference: Reference
    memory: int
    alive: Callable[[], object] = lambda: None


@dataclass(frozen=True, slots=True)
class UnitBlock:
    """Some images before the bound, and the trials on them.

    Attributes:
        first: Index of the first image.
        clean: Fault-free values that pass the cut in front of the bound, by name.
        faulty: By trial, the values that the faulty layer made; None: it failed.
    """

    first: int
    clean: Arrays
    faulty: Mapping[int, Arrays | None]

    @property
    def nbytes(self) -> int:
        """Memory that the values take."""
        parts = (self.clean, *(made for made in self.faulty.values() if made))
        return sum(v.nbytes for part in parts for v in part.values())


class LayerBlocks:
    """The units of one layer, block by block."""

    def __init__(
        self, context: SearchContext, site: str, trials: Sequence[Trial], images: int
    ) -> None:
        """Move the cut to the layer; units are computed when they are first needed.

        Args:
            context: shared by all layers; its entry is moved.
            site: the site of the layer.
            trials: their sites are counted as the graph's executor counts them.
            images: number of images.
        """
        self._context, self._site, self._trials = context, site, trials
        self.span = context.graph.spans[site]
        self.images = images
        self.image_of = np.array([*range(images), *(trial.image for trial in trials)], np.int64)
        self._nearest = np.zeros((len(trials), 2))
        self._by_image = np.argsort(self.image_of[images:], kind="stable")
        self._drawn = self.image_of[images:][self._by_image]
        self._kept: dict[int, UnitBlock] = {}
        self._room = context.memory
        context.entry.move(self.span.entry)

    def __len__(self) -> int:
        """Number of blocks."""
        return len(self._context.entry)

    def units(self, number: int) -> Ints:
        """The units of a block: int64 (n,), images first, then trials."""
        images = self._context.entry.images(number)
        first, last = np.searchsorted(self._drawn, (images.start, images.stop))
        trials = self._by_image[first:last] + self.images
        return np.concatenate([np.arange(images.start, images.stop), trials])

    def block(self, number: int) -> UnitBlock:
        """A block, kept or computed."""
        if number in self._kept:
            return self._kept[number]
        block = self._make(number)
        if block.nbytes <= self._room:
            self._room -= block.nbytes
            self._kept[number] = block
        return block

    def row(self, block: UnitBlock, unit: int) -> Arrays | None:
        """The values of one unit in front of the bound; None: the faulty layer failed.

        Args:
            block: the block of the unit.
            unit: index of the unit.

        Returns:
            By name, (1, ...).
        """
        index = int(self.image_of[unit]) - block.first
        clean = self._context.batching.row(block.clean, index)
        if unit < self.images:
            return clean
        made = block.faulty[unit - self.images]
        return None if made is None else {**clean, **made}

    def key(self, block: UnitBlock, unit: int) -> int:
        """Number of elements within the present bounds, as one integer for both bounds.

        The sets of these elements grow with the bounds, so that equal counts are equal sets.

        Args:
            block: the block of the unit.
            unit: index of the unit.
        """
        low, high = self._context.graph.limits(self._site)
        row = self.row(block, unit)
        if row is None:
            return 0
        value = row[self.span.source]
        key = int(np.count_nonzero(value <= high))
        if low is None:
            return key
        return key * (value.size + 1) + int(np.count_nonzero(value >= low))

    def equals_clean(self, unit: int) -> bool:
        """True if, under the present bounds, a trial gives what its image gives without faults."""
        if unit < self.images:
            return False
        low, high = self._context.graph.limits(self._site)
        below, above = self._nearest[unit - self.images]
        return bool(above > high and (below == -np.inf if low is None else below < low))

    def _make(self, number: int) -> UnitBlock:
        graph, batching = self._context.graph, self._context.batching
        entry = self._context.entry.values(number)
        first = self._context.entry.images(number).start
        clean = clean_run(graph, entry, self.span.entry, self.span.bound)
        units = self.units(number)
        faulty: dict[int, Arrays | None] = {}
        for trial in (units[units >= self.images] - self.images).tolist():
            index = self._trials[trial].image - first
            made = faulty[trial] = self._faulty(batching.row(entry, index), trial)
            if made is not None:
                self._nearest[trial] = self._differs(batching.row(clean, index), made)
        return UnitBlock(first, clean, faulty)

    def _faulty(self, entry: Arrays, trial: int) -> Arrays | None:
        """The values that the layer makes of one image under a pattern; None if it fails."""
        graph, batching = self._context.graph, self._context.batching
        part = graph.part(self.span.entry, self.span.bound)
        fed = batching.join([entry], part.inputs)
        with graph.executor.inject(self._trials[trial].pattern):
            made = part.run(fed)
        return None if isinstance(made, Failure) else batching.row(made, 0)

    def _differs(self, clean: Arrays, made: Arrays) -> tuple[float, float]:
        """The numbers next to 0, below and above, in which a faulty value differs from golden.

        Bounds that leave out both leave nothing of the fault; NaN is left out by all bounds. Where
        another value differs, which passes no bound, nothing hides the fault: (0, 0).
        """
        source = self.span.source
        others = (name for name in made if name != source)
        if self.span.late or any(made[n].tobytes() != clean[n].tobytes() for n in others):
            return 0.0, 0.0
        if source not in made:
            return -np.inf, np.inf
        a, b = clean[source], made[source]
        apart: npt.NDArray[Any] = np.concatenate([a[a != b], b[a != b]]).astype(np.float64)
        below = apart[apart < 0].max(initial=-np.inf)
        above = apart[apart > 0].min(initial=np.inf)
        return float(below), float(above)
