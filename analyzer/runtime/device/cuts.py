"""An optimized graph on a device: its parts as sessions, what they take, which cuts pay.

Parts are timed as a whole: ONNX Runtime's record of a node ends when the device has been told of
it, that of a run when the device is done.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from analyzer.answers import Failure, Feeds
from analyzer.runtime.device.io_binding import BoundSession, DeviceValue, copy_to_device
from analyzer.runtime.device.memory import DeviceMemory
from analyzer.runtime.partial.cut_plan import CutCosts, candidates, choose_cuts, reach_weights
from analyzer.runtime.partial.golden_cache import Cache
from analyzer.runtime.stretches.cuts import Cut, Floats, made_between, part_between, with_outputs
from analyzer.runtime.stretches.profile import (
    RUNS,
    Profile,
    node_profile,
    take_records,
    times_of_runs,
)
from analyzer.runtime.stretches.reading_nodes import ReadingNodes

OpenPart = Callable[..., BoundSession]

MEASURED = 16
"""Cuts among which is chosen: each is opened and timed."""


@dataclass(frozen=True, slots=True)
class DeviceGraph:
    """An optimized graph on a device, and where it may be cut.

    Attributes:
        stripped: The stripped optimized model.
        memory: Its live weights.
        cuts: By position.
        open_session: Opens the session of a stretch; takes the arguments of `BoundSession`.
    """

    stripped: onnx.ModelProto
    memory: DeviceMemory
    cuts: Sequence[Cut]
    open_session: OpenPart = BoundSession

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what the graph returns."""
        return tuple(value.name for value in self.stripped.graph.output)

    def tap(
        self, cuts: Sequence[Cut], fed: Mapping[str, DeviceValue]
    ) -> tuple[BoundSession, list[str]]:
        """A session that also returns the values that pass some cuts; and their names.

        Args:
            cuts: of the graph.
            fed: the inputs, which are not returned.
        """
        names = sorted({name for cut in cuts for name in cut.values} - fed.keys())
        more = [name for name in names if name not in self.outputs]
        return self.open_session(with_outputs(self.stripped, more), self.memory), names

    def part(
        self,
        begin: Cut,
        end: Cut | None,
        values: Mapping[str, DeviceValue],
        profile: Path | None = None,
    ) -> BoundSession:
        """The nodes between two cuts as a session.

        Args:
            begin: a cut.
            end: a later one, whose values are returned; None: the end of the graph.
            values: of the types that pass the first.
            profile: begin of the name of a file that ONNX Runtime writes when profiling ends.
        """
        graph = self.stripped.graph
        stop = len(graph.node) if end is None else end.position
        made = made_between(graph, begin.position, stop)
        wanted = (*(end.values if end else ()), *self.outputs)
        outputs = tuple(dict.fromkeys(name for name in wanted if name in made))
        types = {name: int(values[name].element_type()) for name in begin.values}
        part = part_between(self.stripped, begin, stop, outputs, types)
        return self.open_session(part, self.memory, profile)


@dataclass(frozen=True, slots=True)
class KeptCuts:
    """The cuts that are worth their memory.

    Attributes:
        cuts: By position, the trivial one first.
        seconds: float64 (cuts,), what a run from each to the end takes.
    """

    cuts: Sequence[Cut]
    seconds: Floats


def choose(graph: DeviceGraph, readers: ReadingNodes, sample: Feeds, cache: Cache) -> KeptCuts:
    """Time a few cuts, and keep those that pay.

    Args:
        graph: the optimized model; its weights are golden at present.
        readers: of the tensors that are faulted in place.
        sample: one batch.
        cache: what golden values at cuts may take.

    Raises:
        ValueError: the model fails on the sample.
        DeviceFailed: the device has not enough memory, or failed.
    """
    first = readers.first.tolist()
    if len(graph.cuts) < 2 or not first:
        return KeptCuts([graph.cuts[0]], np.zeros(1))
    profile = _told(graph, sample)
    made = {
        name: int(profile.size[i])
        for i, node in enumerate(graph.stripped.graph.node)
        for name in node.output
    }
    sizes = np.array([sum(made.get(n, 0) for n in cut.values) for cut in graph.cuts], np.int64)
    told = np.cumsum(profile.seconds[::-1])[::-1]
    few = thinned(candidates(sizes, told, first))
    seconds = _timed(graph, [graph.cuts[i] for i in few], sample)
    hits = reach_weights(first, readers.bits.tolist(), few)
    costs = CutCosts(hits, seconds, sizes[few] * cache.batches)
    chosen = choose_cuts(costs, cache.size)
    return KeptCuts([graph.cuts[few[i]] for i in chosen], seconds[chosen])


def every_cut(graph: DeviceGraph) -> KeptCuts:
    """All cuts of ``graph``, untimed."""
    return KeptCuts(graph.cuts, np.ones(len(graph.cuts)))


def thinned(few: Sequence[int]) -> list[int]:
    """At most `MEASURED` of them, spread evenly, the first included."""
    chosen = np.unique(np.linspace(0, len(few) - 1, min(MEASURED, len(few))).astype(int))
    return [few[i] for i in chosen.tolist()]


def _told(graph: DeviceGraph, sample: Feeds) -> Profile:
    """The time for which the device was told of each node, and the sizes of its outputs."""
    with tempfile.TemporaryDirectory(prefix="relcheck-") as folder:
        session = BoundSession(graph.stripped, graph.memory, Path(folder, "profile"))
        for _ in range(RUNS):
            session.run(sample)
        return node_profile(take_records(session.session), graph.stripped.graph.node)


def _timed(graph: DeviceGraph, cuts: Sequence[Cut], sample: Feeds) -> Floats:
    """Seconds of a run from each of ``cuts`` to the end, float64 (cuts,).

    Raises:
        ValueError: the model fails on the sample.
    """
    fed = copy_to_device(sample, graph.memory)
    tap, names = graph.tap(cuts, fed)
    made = tap.run_keeping(fed, names)
    if isinstance(made, Failure):
        raise ValueError(made.message)
    values = {**fed, **made}
    seconds = np.zeros(len(cuts))
    for i, cut in enumerate(cuts):
        with tempfile.TemporaryDirectory(prefix="relcheck-") as folder:
            part = graph.part(cut, None, values, Path(folder, "profile"))
            for _ in range(RUNS):
                part.run(values)
            seconds[i] = min(times_of_runs(take_records(part.session)))
    # A later part takes no longer than an earlier one; where it seems to, something else ran.
    return np.maximum.accumulate(seconds[::-1])[::-1]
