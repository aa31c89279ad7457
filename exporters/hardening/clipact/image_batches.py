"""Images run together: taken apart, put together, and kept fault-free at one cut of the graph.

Rows of several fault patterns share a run of a part in which no weight is faulty. That is allowed
where the first axis of every value counts the images and no image changes the result of another;
a sample is asked. Else every run is of one image.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.answers import Failure
from analyzer.errors import GoldenFailed
from analyzer.runtime.stretches.golden_run import Arrays
from exporters.hardening.clipact.bounded_graph import BoundedGraph

TOGETHER = 32
"""Images in one run."""

CLOSE = 1e-4
"""Share of its largest number by which a value may differ when it is computed in company."""


@dataclass(frozen=True)
class Batching:
    """The way in which images are run together.

    Attributes:
        most: Images in one run.
        fixed: Rows that the model insists on; None: any number.
        apart: True if the rows of a value belong to the images, one to each.
    """

    most: int
    fixed: int | None
    apart: bool

    def feeds(self, inputs: Arrays, images: Sequence[int]) -> dict[str, npt.NDArray[Any]]:
        """Some images as the model takes them.

        Args:
            inputs: by name, (n, ...) for n images.
            images: indices of at most ``most`` images.

        Returns:
            By name, (rows, ...): one row for each image, filled up to ``fixed`` rows.
        """
        return {n: self._filled(np.ascontiguousarray(v[images])) for n, v in inputs.items()}

    def row(self, values: Arrays, index: int) -> dict[str, npt.NDArray[Any]]:
        """The values of one image of a run.

        Args:
            values: by name, (rows, ...).
            index: row of the image; without meaning where rows do not belong to images.

        Returns:
            By name, (1, ...), or all of a value where rows do not belong to images.
        """
        return {n: v[index : index + 1] if self.apart else v for n, v in values.items()}

    def join(self, rows: Sequence[Arrays], names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
        """The values of several images as those of one run: the reverse of `row`.

        Args:
            rows: one for each image, by name, (1, ...); only one where rows are not apart.
            names: of the values that are wanted.
        """
        if not self.apart:
            return {name: rows[0][name] for name in names}
        return {n: self._filled(np.concatenate([row[n] for row in rows])) for n in names}

    def _filled(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Rows repeated up to the number that the model insists on."""
        if self.fixed in (None, len(rows)):
            return rows
        return np.resize(rows, (self.fixed or 0, *rows.shape[1:]))


def find_batching(graph: BoundedGraph, inputs: Arrays, fixed: int | None) -> Batching:
    """Ask a sample how images can be run together.

    Args:
        graph: fault-free at present.
        inputs: by name, (n, ...) for n images.
        fixed: rows that the model insists on, if it does.
    """
    count = image_count(inputs)
    together = Batching(fixed or min(TOGETHER, count), fixed, apart=True)
    several = together.most > 1 and count > 1
    if several and _keep_to_themselves(graph, together, inputs):
        return together
    return Batching(1, fixed, apart=False)


def image_count(inputs: Arrays) -> int:
    """Number of images in ``inputs``."""
    return len(next(iter(inputs.values())))


def _keep_to_themselves(graph: BoundedGraph, together: Batching, inputs: Arrays) -> bool:
    """True if images give the same in another order, and alone."""
    order = list(range(min(together.most, image_count(inputs))))
    forth = graph.tap(together.feeds(inputs, order))
    back = graph.tap(together.feeds(inputs, order[::-1]))
    first = graph.tap(together.feeds(inputs, [0]))
    shapes = [(v.shape[:1], together.fixed or len(order)) for v in forth.values()]
    shapes += [(v.shape[:1], together.fixed or 1) for v in first.values()]
    if any(found != (count,) for found, count in shapes):
        return False
    count = len(order)
    return all(
        _close(v[:count], back[n][:count][::-1]) and _close(v[:1], first[n][:1])
        for n, v in forth.items()
    )


def _close(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    if a.dtype.kind not in "fiu":
        return bool(np.array_equal(a, b))
    x, y = a.astype(np.float64), b.astype(np.float64)
    return bool(np.allclose(x, y, rtol=CLOSE, atol=CLOSE * np.max(np.abs(x), initial=0.0)))


class CutValues:
    """Fault-free values that pass one cut, for all images; the cut moves from layer to layer."""

    def __init__(
        self, graph: BoundedGraph, batching: Batching, inputs: Arrays, memory: int
    ) -> None:
        """Stand before the first node.

        Args:
            graph: fault-free whenever this is used.
            batching: how images are run together.
            inputs: by name, (n, ...) for n images.
            memory: bytes that may be kept; beyond, values are computed each time anew.
        """
        self._graph, self._batching, self._inputs, self._memory = graph, batching, inputs, memory
        self._count = image_count(inputs)
        self._position = 0
        self._kept: list[Arrays] | None = None

    def __len__(self) -> int:
        """Number of blocks of images."""
        return -(-self._count // self._batching.most)

    def images(self, block: int) -> range:
        """Indices of the images of a block."""
        most = self._batching.most
        return range(block * most, min((block + 1) * most, self._count))

    def move(self, position: int) -> None:
        """Go to the cut before node ``position``; to an earlier cut by way of the inputs."""
        start, before = self._position, self._kept
        if position < start:
            start, before = 0, None
        moved: list[Arrays] | None = []
        size = 0
        for block in range(len(self)):
            values = before[block] if before is not None else self._fed(block)
            found = self._run(values, start if before is not None else 0, position)
            size += sum(v.nbytes for v in found.values())
            if size > self._memory:
                moved = None
                break
            assert moved is not None
            moved.append(found)
        self._position, self._kept = position, moved

    def values(self, block: int) -> Arrays:
        """The values of the images of a block, by name, (rows, ...)."""
        if self._kept is not None:
            return self._kept[block]
        return self._run(self._fed(block), 0, self._position)

    def _fed(self, block: int) -> Arrays:
        return self._batching.feeds(self._inputs, self.images(block))

    def _run(self, values: Arrays, begin: int, end: int) -> Arrays:
        return clean_run(self._graph, values, begin, end)


def clean_run(graph: BoundedGraph, values: Arrays, begin: int, end: int) -> Arrays:
    """Run a part of the graph without faults.

    Args:
        graph: fault-free at present.
        values: what passes the cut before node ``begin``, by name.
        begin: index of the first node.
        end: index of the node before which the part ends.

    Returns:
        What passes the cut before node ``end``, by name.

    Raises:
        GoldenFailed: the model fails without any fault.
    """
    made: Mapping[str, npt.NDArray[Any]] | Failure = {}
    if begin < end:
        made = graph.part(begin, end).run(values)
    if isinstance(made, Failure):
        raise GoldenFailed(f"the hardened model fails without any fault: {made.message}")
    known = {**values, **made}
    return {name: known[name] for name in graph.passing(end)}
