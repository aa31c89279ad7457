"""Partial re-execution on a device: `segments.py`, but inputs and golden values stay there."""

from bisect import bisect_right
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Failure, Feeds, Result
from analyzer.errors import DeviceFailed
from analyzer.runtime.device.compare import Comparison, seconds_to_compare
from analyzer.runtime.device.cuts import Cuttable, Kept, choose
from analyzer.runtime.device.io_binding import BoundSession, Held, on_its_device
from analyzer.runtime.partial.execution import MASKED_SHARE
from analyzer.runtime.partial.golden_cache import Cache, GoldenStore
from analyzer.runtime.stretches.golden_run import WHOLE, GoldenRun, Start
from analyzer.runtime.weights.reading_nodes import Readers


class DeviceSegments:
    """The cuts that were kept, and the sessions of the parts between them and the end."""

    def __init__(
        self, graph: Cuttable, whole: BoundSession, kept: Kept, sample: Feeds, batches: int
    ) -> None:
        """Open what runs fault-free; parts are opened when a pattern needs them.

        Args:
            graph: the optimized model; its weights are golden at present.
            whole: the session of all of it.
            kept: its cuts.
            sample: one batch, on which every part must give the golden values.
            batches: how many golden runs are kept.

        Raises:
            ValueError: the model fails on the sample.
            DeviceFailed: the device has not enough memory, or failed.
        """
        self._graph, self.cuts = graph, tuple(kept.cuts)
        self._positions = [cut.position for cut in self.cuts]
        self._parts: dict[tuple[int, int], BoundSession | None] = {(0, len(self.cuts)): whole}
        self._store = GoldenStore(batches)
        fed = on_its_device(sample, graph.memory)
        self._tap, self._passing = graph.tap(self.cuts, fed)
        self.golden(sample)
        found = self._store.find(sample)
        if found is None:
            raise ValueError("the model fails on the sample")
        self._sample = found
        self._comparison = Comparison(graph.memory.device)
        self._checks = self._worth_a_look(kept)

    def _worth_a_look(self, kept: Kept) -> list[bool]:
        """For each stretch between two cuts: whether to look if its faults are masked behind it."""
        if len(self.cuts) < 2:
            return []
        values = [[self._sample.values[n] for n in cut.values] for cut in self.cuts[1:]]
        taken = seconds_to_compare(values, self._graph.memory.device)
        call = taken.min(initial=np.inf)  # the shortest comparison is hardly more than a call
        return [bool(x) for x in kept.seconds[1:] * MASKED_SHARE > taken + call]

    def golden(self, feeds: Feeds) -> Result:
        """Run fault-free, and keep inputs and what passes the cuts. The weights must be golden."""
        fed = on_its_device(feeds, self._graph.memory)
        made = self._tap.hold(fed, self._passing)
        if isinstance(made, Failure):
            return made
        answer = Answer(tuple(_here(made[name]) for name in self._graph.outputs))
        self._store.keep(feeds, answer, {**fed, **{name: made[name] for name in self._passing}})
        return answer

    def known(self, feeds: Feeds) -> GoldenRun | None:
        """The golden run of these very arrays, if it is kept."""
        return self._store.find(feeds)

    def start(self, first: int, last: int) -> Start:
        """Where a run begins whose faulty weights are read by nodes ``first`` to ``last``.

        The sessions that it needs are opened. The weights must be golden.
        """
        cut = bisect_right(self._positions, first) - 1
        following, end = cut + 1, len(self.cuts)
        check = following < end and last < self._positions[following] and self._checks[cut]
        if check and self._ready(cut, following) and self._ready(following, end):
            return Start(cut, check=True)
        return Start(cut, check=False) if cut and self._ready(cut, end) else WHOLE

    def _ready(self, begin: int, end: int) -> bool:
        """Whether the part between two cuts is open and gives the golden values of the sample."""
        key = begin, end
        if key not in self._parts:
            self._parts[key] = self._opened(begin, end)
        return self._parts[key] is not None

    def _opened(self, begin: int, end: int) -> BoundSession | None:
        """The session of a part; None if it is of no use, or has no room."""
        sample, to = self._sample, self.cuts[end] if end < len(self.cuts) else None
        try:
            part = self._graph.part(self.cuts[begin], to, sample.values)
            made = part.hold(sample.values, part.outputs)
            return part if isinstance(made, dict) and self._is_golden(made, sample) else None
        except Exception as error:
            raise_if_lost(error)
            return None

    def _is_golden(self, made: Mapping[str, Held], golden: GoldenRun) -> bool:
        """Whether what a part made is what it makes without faults, bit for bit."""
        known = self._answers(golden)
        for name, value in made.items():
            if name in golden.values:
                if not self._comparison.same(value, golden.values[name]):
                    return False
            elif _here(value).tobytes() != known[name].tobytes():
                return False
        return True

    def run(self, start: Start, golden: GoldenRun) -> Result:
        """Run from ``start`` with the present weights, on what ``golden`` was fed."""
        values: Mapping[str, Held] = golden.values
        known, cut = self._answers(golden), start.cut
        if start.check:
            part = self._part(cut, cut + 1)
            made = part.hold(values, part.outputs)
            if isinstance(made, Failure):
                return made
            if self._is_golden(made, golden):
                return golden.answer
            known |= {name: _here(made[name]) for name in self._graph.outputs if name in made}
            values, cut = {**values, **made}, cut + 1
        made = self._part(cut, len(self.cuts)).hold(values, ())
        if isinstance(made, Failure):
            return made
        return Answer(tuple({**known, **{n: _here(v) for n, v in made.items()}}.values()))

    def _part(self, begin: int, end: int) -> BoundSession:
        part = self._parts[begin, end]
        assert part is not None, "`start` promised it"
        return part

    def _answers(self, golden: GoldenRun) -> dict[str, npt.NDArray[np.generic]]:
        return dict(zip(self._graph.outputs, golden.answer.outputs, strict=True))


def _here(value: Held) -> npt.NDArray[np.generic]:
    """A copy of a value on the host."""
    return np.array(value.numpy())


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
        kept = choose(graph, readers, sample, Cache(left, cache.batches))
        return DeviceSegments(graph, whole, kept, sample, cache.batches)
    except Exception as error:
        raise_if_lost(error)
        return None  # whole runs then


def raise_if_lost(error: Exception) -> None:
    """Let pass what ONNX Runtime says of want of room, or of a value that cannot be taken out.

    Raises:
        DeviceFailed: the device is lost.
    """
    if isinstance(error, DeviceFailed) and error.lost:
        raise error
