"""Partial re-execution: a faulty run begins where the fault is first read.

The optimized graph is cut where few values pass. What passes the cuts without faults is kept for
each batch; a run under a pattern restarts at the last cut before the first node that reads a faulty
weight. If all faults lie between two cuts, the values at the second are compared with golden: bit
for bit equal, the faults are masked and the answer is the golden one.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.answers import Answer, Failure, Feeds, Result
from analyzer.runtime.ort.shared_initializers import Borrowed, LiveWeights, borrowing_session
from analyzer.runtime.partial.cut_plan import (
    CALL_SECONDS,
    CutCosts,
    CutPlan,
    candidates,
    choose_cuts,
    mean_seconds,
    reach_weights,
)
from analyzer.runtime.partial.golden_cache import (
    Cache,
    GoldenRuns,
    GoldenStore,
    shared_profile,
)
from analyzer.runtime.prepacked_weights.strategy import (
    PIECE_SECONDS,
    Packable,
    PackedPieces,
    pack_pieces,
    packed_seconds,
    packing_pays,
)
from analyzer.runtime.prepacked_weights.symmetric_conv import find_symmetric
from analyzer.runtime.speculative_bounds.bounds import find_bounds
from analyzer.runtime.speculative_bounds.strategy import (
    NEVER,
    Speculation,
    bounds_that_cost,
    speculate,
    stations_for,
)
from analyzer.runtime.stretches.cuts import (
    Cut,
    Floats,
    find_cuts,
    made_between,
    part_between,
    with_outputs,
)
from analyzer.runtime.stretches.golden_run import WHOLE, GoldenRun, Start
from analyzer.runtime.stretches.profile import cut_sizes
from analyzer.runtime.stretches.sessions import Part, Pieces, element_types, session_part
from analyzer.runtime.weights.reading_nodes import Readers

MASKED_SHARE = 0.1
"""Share of single upsets taken to be masked by the next cut (measured: fp32 0.2, int8 0.4)."""


class Segments:
    """The cuts that were kept, and the sessions of the parts between them and the end."""

    def __init__(
        self,
        shell: onnx.ModelProto,
        lent: Borrowed,
        cuts: Sequence[Cut],
        seconds: Floats,
        sample: Feeds,
        cache: Cache,
        speculation: Speculation | None = None,
        packed: PackedPieces | None = None,
    ) -> None:
        """Open what runs fault-free; parts are opened when a pattern needs them.

        Args:
            shell: the optimized model, hollow.
            lent: its live weights, golden at present.
            cuts: by position, the trivial one first.
            seconds: float64 (cuts,), what a run from each to the end takes.
            sample: one batch, on which every part must give the golden values.
            cache: how many golden runs are kept, and where.
            speculation: the graph in pieces, every cut between two of them, if they run faster so.
            packed: the same, with packed weights.

        Raises:
            ValueError: the model fails on the sample, or returns what is no array.
        """
        self._shell, self._lent, self.cuts = shell, lent, tuple(cuts)
        self.speculation, self.packed = speculation, packed
        self._pieces: Pieces | None = speculation or packed
        self._positions = [cut.position for cut in cuts]
        self._checks = (seconds[1:] * MASKED_SHARE > 2 * CALL_SECONDS).tolist()
        self._outputs = tuple(o.name for o in shell.graph.output)
        passing = {name for cut in cuts for name in cut.values}
        self._names = sorted(passing - {*self._outputs, *sample})
        self._tap = borrowing_session(with_outputs(shell, self._names), lent)
        self._parts: dict[tuple[int, int], Part | None] = {}
        store = GoldenStore(cache.batches if cache.size > 0 else 1)
        self._runs = GoldenRuns(store, cache.shared, self._outputs, self._names)
        found = self.known(sample)
        if found is None:
            self.golden(sample)
            found = self.known(sample)
        if found is None:
            raise ValueError("the model fails on the sample")
        self.sample = found
        self._types = element_types(found.values, list(found.values))
        self._in_pieces = self._pieces is not None and self._ready(0, len(self.cuts))

    def golden(self, feeds: Feeds) -> Result:
        """Run fault-free, and keep what passes the cuts. The weights must be golden."""
        result = self._tap.run(feeds)
        if isinstance(result, Failure):
            return result
        named = zip((*self._outputs, *self._names), result.outputs, strict=True)
        return self._runs.keep(feeds, dict(named)).answer

    def known(self, feeds: Feeds) -> GoldenRun | None:
        """The golden run of these very arrays, if it is kept, here or by another process."""
        return self._runs.find(feeds)

    def start(self, first: int, last: int) -> Start:
        """Where a run begins whose faulty weights are read by nodes ``first`` to ``last``.

        The sessions that it needs are opened. The weights must be golden: kernels may look at them
        when they are created.
        """
        cut = bisect_right(self._positions, first) - 1
        following = cut + 1
        end = len(self.cuts)
        check = following < end and last < self._positions[following] and self._checks[cut]
        if check and self._ready(cut, following) and self._ready(following, end):
            return Start(cut, check=True)
        return Start(cut, check=False) if cut and self._ready(cut, end) else WHOLE

    def _ready(self, begin: int, end: int) -> bool:
        """Whether the part between two cuts is open and gives the golden values of the sample."""
        key = begin, end
        if key not in self._parts:
            part = self._open(begin, end)
            made = part.run(self.sample.values)
            same = isinstance(made, dict) and all(
                Answer((made[name],)).same_as(Answer((self.sample.values[name],))) for name in made
            )
            self._parts[key] = part if same else None
        return self._parts[key] is not None

    def _open(self, begin: int, end: int) -> Part:
        graph = self._shell.graph
        stop = self._positions[end] if end < len(self.cuts) else len(graph.node)
        made = made_between(graph, self._positions[begin], stop)
        passed = self.cuts[end].values if end < len(self.cuts) else ()
        outputs = tuple(dict.fromkeys(n for n in (*passed, *self._outputs) if n in made))
        if self._pieces is not None:
            last = self.cuts[end] if end < len(self.cuts) else None
            golden = self.sample.values
            return self._pieces.between(self.cuts[begin], last, golden, outputs)
        part = part_between(self._shell, self.cuts[begin], stop, outputs, self._types)
        return session_part(part, self._lent)

    def run_whole(self, feeds: Feeds) -> Result | None:
        """Run from the first node with the present weights; None: there is no faster way."""
        if not self._in_pieces:
            return None
        made = self._part(0, len(self.cuts)).run(feeds)
        if isinstance(made, Failure):
            return made
        return Answer(tuple(made[n] if n in made else feeds[n] for n in self._outputs))

    def run(self, start: Start, golden: GoldenRun) -> Result:
        """Run from ``start`` with the present weights, on what ``golden`` was fed."""
        values, cut = golden.values, start.cut
        if start.check:
            made = self._part(cut, cut + 1).run(values)
            if isinstance(made, Failure):
                return made
            if all(_same_bytes(made[name], values[name]) for name in made):
                return golden.answer
            values, cut = {**values, **made}, cut + 1
        made = self._part(cut, len(self.cuts)).run(values)
        if isinstance(made, Failure):
            return made
        return Answer(tuple(made.get(name, values[name]) for name in self._outputs))

    def _part(self, begin: int, end: int) -> Part:
        part = self._parts[begin, end]
        assert part is not None, "`start` promised it"
        return part


def _same_bytes(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def find_segments(
    shell: onnx.ModelProto,
    weights: LiveWeights,
    readers: Readers,
    sample: Feeds,
    cache: Cache,
    packable: Packable,
) -> Segments | None:
    """Cut the graph where it pays; None where it does not.

    Args:
        shell: the optimized model, hollow.
        weights: its live weights, golden at present.
        readers: of the tensors that are faulted in place.
        sample: one batch.
        cache: what golden values may take.
        packable: the live weights for sessions that pack them.
    """
    cuts, bounds = find_cuts(shell.graph), find_bounds(shell.graph)
    convolutions = find_symmetric(shell.graph, packable.stored)
    faster = bounds or convolutions
    if len(cuts) < 2 or not len(readers.first) or (cache.size <= 0 and not faster):
        return None
    profile = shared_profile(shell, weights.lent, sample, cache.shared)
    seconds = np.cumsum(profile.seconds[::-1])[::-1]
    bounds = bounds_that_cost(bounds, profile)
    hidden = {name for bound in bounds for name in bound.hidden}
    sizes = np.where(
        [hidden.isdisjoint(cut.values) for cut in cuts],
        cut_sizes(cuts, shell.graph, profile, sample),
        NEVER,
    )
    plan = _plan(readers, sizes, seconds, cache)
    quick = np.cumsum(packed_seconds(shell.graph, packable, profile)[::-1])[::-1]
    packing = _plan(readers, sizes, quick, cache, PIECE_SECONDS)
    pack = bool(convolutions) and packing_pays(plan.mean, packing.mean)
    stations = [cuts[i] for i in stations_for(seconds, sizes)]
    try:
        pieces = speculate(shell, weights, bounds, stations, sample)
        packed = None
        if pack and pieces is None:
            chosen = [cuts[i] for i in packing.kept]
            packed = pack_pieces(shell, weights.lent, packable, chosen, sample)
        kept = (packing if packed else plan).kept
        chosen = [cuts[i] for i in kept]
        if len(kept) < 2 and pieces is None and packed is None:
            return None
        return Segments(shell, weights.lent, chosen, seconds[kept], sample, cache, pieces, packed)
    except Exception:  # of ONNX Runtime: a value that cannot be taken out or fed; whole runs then
        return None


def _plan(
    readers: Readers,
    sizes: npt.NDArray[np.int64],
    seconds: Floats,
    cache: Cache,
    each: float = 0.0,
) -> CutPlan:
    """The cuts whose golden values are worth their memory, if each costs so many seconds."""
    first = readers.first.tolist()
    few = [0]
    if cache.size > 0:
        few = [i for i in candidates(sizes, seconds, first) if sizes[i] < NEVER]
    hits = reach_weights(first, readers.bits.tolist(), few)
    costs = CutCosts(hits, seconds[few], sizes[few] * cache.batches, each)
    kept = choose_cuts(costs, cache.size)
    return CutPlan([few[i] for i in kept], mean_seconds(costs, kept))
