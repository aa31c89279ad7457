"""The optimized graph between any two of its stops, in few sessions on the live weights."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

import onnx
import onnxruntime as ort

from analyzer.answers import Failure
from analyzer.runtime.ort.shared_initializers import SharedInitializers
from analyzer.runtime.stretches.cuts import Cut, made_between, part_between
from analyzer.runtime.stretches.sessions import Link, SessionPart, session_part

Values = dict[str, ort.OrtValue]


class LiveSubgraphs:
    """Nodes between two stops: open stretches where there are some, else parts of 1, 2, 4 .. steps.

    So there are at most three times as many sessions as stops, whatever is asked for.
    """

    def __init__(
        self,
        stripped: onnx.ModelProto,
        ort_values: SharedInitializers,
        stops: Sequence[Cut],
        types: Mapping[str, int],
        links: Mapping[int, tuple[int, Link]],
    ) -> None:
        """Nothing is opened yet.

        Args:
            stripped: the stripped optimized model.
            ort_values: its live weights. They must be golden when `open` is called.
            stops: cuts of its graph, the trivial one first, and one behind the last node.
            types: element types of what passes them, as `onnx.TensorProto.DataType`.
            links: by stop: the other one to which an open stretch leads from there, and it.
        """
        self._stripped, self._ort_values, self.stops = stripped, ort_values, tuple(stops)
        self._types, self._links = types, links
        self._outputs = tuple(o.name for o in stripped.graph.output)
        self._parts: dict[tuple[int, int], SessionPart] = {}
        self._heads = sorted(links)

    def open(self, begin: int, end: int) -> list[Link]:
        """The parts from one stop to another. The weights must be golden."""
        return [self._step(*step) for step in self._steps(begin, end)]

    def _steps(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        while begin < end:
            reach = self._reach(begin, end)
            yield begin, reach
            begin = reach

    def _reach(self, begin: int, end: int) -> int:
        """How far one part leads from ``begin``."""
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
            self._parts[begin, end] = self._opened(begin, end)
        return _Plain(self._parts[begin, end])

    def _opened(self, begin: int, end: int) -> SessionPart:
        cut, stop = self.stops[begin], self.stops[end]
        made = made_between(self._stripped.graph, cut.position, stop.position)
        outputs = tuple(dict.fromkeys(n for n in (*stop.values, *self._outputs) if n in made))
        part = part_between(self._stripped, cut, stop.position, outputs, self._types)
        return session_part(part, self._ort_values)


class _Plain:
    """A part on plain weights, as a link of a chain."""

    def __init__(self, part: SessionPart) -> None:
        self._part = part

    def run(self, values: Mapping[str, ort.OrtValue]) -> Mapping[str, ort.OrtValue] | Failure:
        """Run with the present weights."""
        return self._part.run_handles(values)
