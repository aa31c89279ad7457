"""Partial re-execution on a device: inputs and golden values stay there, runs begin at a cut.

As in `segments.py`, with two differences. What passes a cut is not compared with golden: to bring
it to the host would take longer than to run on. And parts are timed as a whole: ONNX Runtime's
record of a node ends when the device has been told of it, that of a run when the device is done.
"""

import tempfile
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from analyzer.errors import DeviceFailed
from analyzer.runtime.bound import BoundSession, Held, on_its_device
from analyzer.runtime.cutplan import CutCosts, Floats, candidates, choose_cuts, reach_weights
from analyzer.runtime.cuts import Cut, made_between, part_between, with_outputs
from analyzer.runtime.device_memory import DeviceMemory
from analyzer.runtime.golden_store import GoldenRun, GoldenStore
from analyzer.runtime.profile import RUNS, Profile, node_profile, run_seconds, take_records
from analyzer.runtime.segments import WHOLE, Cache, Readers, Start
from analyzer.runtime.session import Answer, Failure, Feeds, Result

MEASURED = 16
"""Cuts among which is chosen: each is opened and timed."""


@dataclass(frozen=True, slots=True)
class Cuttable:
    """An optimized graph on a device, and where it may be cut.

    Attributes:
        shell: The optimized model, hollow.
        memory: Its live weights.
        cuts: By position.
    """

    shell: onnx.ModelProto
    memory: DeviceMemory
    cuts: Sequence[Cut]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what the graph returns."""
        return tuple(value.name for value in self.shell.graph.output)

    def tap(self, cuts: Sequence[Cut], fed: Mapping[str, Held]) -> tuple[BoundSession, list[str]]:
        """A session that also returns what passes ``cuts``, inputs not counted; and the names."""
        names = sorted({name for cut in cuts for name in cut.values} - fed.keys())
        more = [name for name in names if name not in self.outputs]
        return BoundSession(with_outputs(self.shell, more), self.memory), names

    def part(
        self, cut: Cut, values: Mapping[str, Held], profile: Path | None = None
    ) -> BoundSession:
        """What stands behind ``cut`` as a session; ``values`` are of the types that pass it."""
        graph = self.shell.graph
        made = made_between(graph, cut.position, len(graph.node))
        outputs = [name for name in self.outputs if name in made]
        types = {name: int(values[name].element_type()) for name in cut.values}
        part = part_between(self.shell, cut, len(graph.node), outputs, types)
        return BoundSession(part, self.memory, profile)


class DeviceSegments:
    """The cuts that were kept, and the sessions of what stands behind them."""

    def __init__(
        self, graph: Cuttable, whole: BoundSession, cuts: Sequence[Cut], sample: Feeds, batches: int
    ) -> None:
        """Open what runs fault-free; parts are opened when a pattern needs them.

        Args:
            graph: the optimized model; its weights are golden at present.
            whole: the session of all of it.
            cuts: those that are kept, by position, the trivial one first.
            sample: one batch, on which every part must give the golden answer.
            batches: how many golden runs are kept.

        Raises:
            ValueError: the model fails on the sample.
            DeviceFailed: the device has not enough memory, or failed.
        """
        self._graph, self.cuts = graph, tuple(cuts)
        self._positions = [cut.position for cut in cuts]
        self._parts: dict[int, BoundSession | None] = {0: whole}
        self._store = GoldenStore(batches)
        fed = on_its_device(sample, graph.memory)
        self._tap, self._passing = graph.tap(cuts, fed)
        self.golden(sample)
        found = self._store.find(sample)
        if found is None:
            raise ValueError("the model fails on the sample")
        self._sample = found

    def golden(self, feeds: Feeds) -> Result:
        """Run fault-free, and keep inputs and what passes the cuts. The weights must be golden."""
        fed = on_its_device(feeds, self._graph.memory)
        made = self._tap.hold(fed, self._passing)
        if isinstance(made, Failure):
            return made
        answer = Answer(tuple(np.array(made[name].numpy()) for name in self._graph.outputs))
        self._store.keep(feeds, answer, {**fed, **{name: made[name] for name in self._passing}})
        return answer

    def known(self, feeds: Feeds) -> GoldenRun | None:
        """The golden run of these very arrays, if it is kept."""
        return self._store.find(feeds)

    def start(self, first: int) -> Start:
        """Where a run begins whose faulty weights are not read before node ``first``.

        The session that it needs is opened. The weights must be golden.
        """
        cut = bisect_right(self._positions, first) - 1
        return Start(cut, check=False) if cut and self._ready(cut) else WHOLE

    def _ready(self, cut: int) -> bool:
        """Whether the part behind ``cut`` is open and gives the golden answer to the sample."""
        if cut not in self._parts:
            self._parts[cut] = self._opened(cut)
        return self._parts[cut] is not None

    def _opened(self, cut: int) -> BoundSession | None:
        """The session of the part behind ``cut``; None if it is of no use, or has no room."""
        try:
            part = self._graph.part(self.cuts[cut], self._sample.values)
            found = self._answer(part, self._sample)
        except Exception as error:
            _raise_if_lost(error)
            return None
        return part if found.same_as(self._sample.answer) else None

    def run(self, start: Start, golden: GoldenRun) -> Result:
        """Run from ``start`` with the present weights, on what ``golden`` was fed."""
        part = self._parts[start.cut]
        assert part is not None, "`start` promised it"
        return self._answer(part, golden)

    def _answer(self, part: BoundSession, golden: GoldenRun) -> Result:
        made = part.hold(golden.values, ())
        if isinstance(made, Failure):
            return made
        known = dict(zip(self._graph.outputs, golden.answer.outputs, strict=True))
        fresh = {name: np.array(value.numpy()) for name, value in made.items()}
        return Answer(tuple({**known, **fresh}.values()))


def find_device_segments(
    graph: Cuttable, whole: BoundSession, readers: Readers, sample: Feeds, cache: Cache
) -> DeviceSegments | None:
    """Keep inputs on the device, and cut the graph where it pays; None where there is no room.

    Args:
        graph: the optimized model; its weights are golden at present.
        whole: the session of all of it.
        readers: of the tensors that are faulted in place.
        sample: one batch.
        cache: what inputs and golden values may take of the device's memory.

    Raises:
        DeviceFailed: the device is lost.
    """
    left = cache.size - cache.batches * sum(array.nbytes for array in sample.values())
    if cache.size <= 0 or left < 0:
        return None
    try:
        cuts = _chosen(graph, readers, sample, Cache(left, cache.batches))
        return DeviceSegments(graph, whole, cuts, sample, cache.batches)
    except Exception as error:
        _raise_if_lost(error)
        return None  # whole runs then


def _raise_if_lost(error: Exception) -> None:
    """Let pass what ONNX Runtime says of want of room, or of a value that cannot be taken out."""
    if isinstance(error, DeviceFailed) and error.lost:
        raise error


def _chosen(graph: Cuttable, readers: Readers, sample: Feeds, cache: Cache) -> list[Cut]:
    """The cuts that are worth their memory, the trivial one first."""
    first = readers.first.tolist()
    if len(graph.cuts) < 2 or not first:
        return [graph.cuts[0]]
    profile = _told(graph, sample)
    made = {
        name: int(profile.size[i])
        for i, node in enumerate(graph.shell.graph.node)
        for name in node.output
    }
    sizes = np.array([sum(made.get(n, 0) for n in cut.values) for cut in graph.cuts], np.int64)
    told = np.cumsum(profile.seconds[::-1])[::-1]
    few = _thinned(candidates(sizes, told, first))
    seconds = _timed(graph, [graph.cuts[i] for i in few], sample)
    hits = reach_weights(first, readers.bits.tolist(), few)
    costs = CutCosts(hits, seconds, sizes[few] * cache.batches)
    return [graph.cuts[few[i]] for i in choose_cuts(costs, cache.size)]


def _thinned(few: Sequence[int]) -> list[int]:
    """At most `MEASURED` of them, spread evenly, the first included."""
    chosen = np.unique(np.linspace(0, len(few) - 1, min(MEASURED, len(few))).astype(int))
    return [few[i] for i in chosen.tolist()]


def _told(graph: Cuttable, sample: Feeds) -> Profile:
    """How long the device was told of each node, and how large its outputs are."""
    with tempfile.TemporaryDirectory(prefix="relcheck-") as folder:
        session = BoundSession(graph.shell, graph.memory, Path(folder, "profile"))
        for _ in range(RUNS):
            session.run(sample)
        return node_profile(take_records(session.session), graph.shell.graph.node)


def _timed(graph: Cuttable, cuts: Sequence[Cut], sample: Feeds) -> Floats:
    """Seconds of a run from each of ``cuts`` to the end, float64 (cuts,).

    Raises:
        ValueError: the model fails on the sample.
    """
    fed = on_its_device(sample, graph.memory)
    tap, names = graph.tap(cuts, fed)
    made = tap.hold(fed, names)
    if isinstance(made, Failure):
        raise ValueError(made.message)
    values = {**fed, **made}
    seconds = np.zeros(len(cuts))
    for i, cut in enumerate(cuts):
        with tempfile.TemporaryDirectory(prefix="relcheck-") as folder:
            part = graph.part(cut, values, Path(folder, "profile"))
            for _ in range(RUNS):
                part.run(values)
            seconds[i] = run_seconds(take_records(part.session))
    # A later part takes no longer than an earlier one; where it seems to, something else ran.
    return np.maximum.accumulate(seconds[::-1])[::-1]
