"""The optimized graph between any two of its stops, in few sessions on the live weights."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

import onnx
import onnxruntime as ort

from analyzer.answers import Failure
from analyzer.runtime.ort.shared_initializers import SharedInitializers
from analyzer.runtime.stretches.cuts import Cut, subgraph
from analyzer.runtime.stretches.sessions import Link, SessionPart, session_part


class LiveSubgraphs:
    """Nodes between two stops: open stretches where there are some, else parts of 1, 2, 4 .. steps.

    Parts of 2**k steps begin only at multiples of 2**k. So any range is made of few parts, and
    there are at most three times as many sessions as stops.
    """

    def __init__(
        self,
        stripped: onnx.ModelProto,
        ort_values: SharedInitializers,
        stops: Sequence[Cut],
        types: Mapping[str, int],
        links: Mapping[int, tuple[int, Link]],
    ) -> None:
        """Keep what sessions are made of; none is opened yet.

        Args:
            stripped: the stripped optimized model.
            ort_values: its live weights. They must be golden when `open` is called.
            stops: cuts of its graph, the trivial one first, and one behind the last node.
            types: element types of the values that pass them, as `onnx.TensorProto.DataType`.
            links: for each stop at which an open stretch begins: the stop where it ends, and it.
        """
        self._stripped, self._ort_values, self.stops = stripped, ort_values, tuple(stops)
        self._types, self._links = types, links
        self._outputs = tuple(o.name for o in stripped.graph.output)
        self._parts: dict[tuple[int, int], SessionPart] = {}
        self._heads = sorted(links)

    def open(self, begin: int, end: int) -> list[Link]:
        """Open the parts from one stop to another.

        The weights must be golden, because kernels may look at them when a session is created.

        Args:
            begin: index of the first stop.
            end: index of the second one.
        """
        return [self._step(*step) for step in self._steps(begin, end)]

    def _steps(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        while begin < end:
            reach = self._reach(begin, end)
            yield begin, reach
            begin = reach

    def _reach(self, begin: int, end: int) -> int:
        """The stop at which the part from ``begin`` ends, at most ``end``."""
        if begin in self._links and self._links[begin][0] <= end:
            return self._links[begin][0]
        ahead = bisect_left(self._heads, begin + 1)
        if ahead < len(self._heads):
            end = min(end, self._heads[ahead])
        if end == len(self.stops) - 1:
            return end
        step = 1
        while begin % (2 * step) == 0 and begin + 2 * step <= end:
            step *= 2
        return begin + step

    def _step(self, begin: int, end: int) -> Link:
        if begin in self._links and self._links[begin][0] == end:
            return self._links[begin][1]
        if (begin, end) not in self._parts:
            stops = self.stops[begin], self.stops[end]
            part = subgraph(self._stripped, *stops, self._outputs, self._types)
            self._parts[begin, end] = session_part(part, self._ort_values)
        return _PlainLink(self._parts[begin, end])


class _PlainLink:
    """A part on plain weights, as a link of a chain."""

    def __init__(self, part: SessionPart) -> None:
        self._part = part

    def run(self, values: Mapping[str, ort.OrtValue]) -> Mapping[str, ort.OrtValue] | Failure:
        """Run with the present weights."""
        return self._part.run_handles(values)
