"""RecompiledSubgraphs are tried out against the oracle before they are used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from analyzer.answers import Failure, Feeds, Result
from analyzer.errors import RelcheckError
from analyzer.faults.models import FLIP, FaultPattern
from analyzer.faults.space import FaultSpace, Indices
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.session import short_reason
from analyzer.runtime.recompile.file_graph import FileGraph
from analyzer.runtime.recompile.graph_alignment import (
    find_aligned_cuts,
    find_value_types,
    golden_of_file,
    golden_of_optimized,
    match_values,
)
from analyzer.runtime.recompile.live_subgraphs import LiveSubgraphs
from analyzer.runtime.recompile.subgraph_plan import CutGrid, SubgraphPlan
from analyzer.runtime.recompile.subgraph_writer import SubgraphWriter
from analyzer.runtime.recompile.subgraphs import RecompiledSubgraphs
from analyzer.runtime.stretches.cuts import Cut, find_cuts
from analyzer.runtime.stretches.golden_run import Arrays
from analyzer.runtime.stretches.sessions import Link, element_types
from analyzer.runtime.stretches.strategy import LiveModel
from analyzer.runtime.weights.file_weights import FileWeights

ROUNDS, SPLIT = 2, 4
"""How often every stretch is hit, and by how many patterns that are run both ways."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The live model that subgraphs are loaded beside.

    Attributes:
        space: The bits at risk.
        model: The optimized graph and its live weights.
        kept: Its kept cuts by position, the trivial one first.
        values: Golden values of one batch at the kept cuts, by name.
        links: Open stretches that live runs may use: by position, where each ends, and it.
        fixed: The live weights that are as the file has them.
    """

    space: FaultSpace
    model: LiveModel
    kept: Sequence[Cut]
    values: Arrays
    links: Mapping[int, tuple[int, Link]]
    fixed: FileWeights


def find_subgraphs(
    ground: Ground, oracle: RewriteExecutor, reloaded: Indices, sample: Feeds
) -> RecompiledSubgraphs | NotApplied:
    """The subgraphs that can be loaded by themselves, each tried out against the oracle.

    Args:
        ground: the live model, golden at present.
        oracle: what they are compared with.
        reloaded: int64 (n,), the tensors that must be loaded anew.
        sample: one batch.
    """
    if not any("Quant" in n.op_type or "QL" in n.op_type for n in oracle.proto.graph.node):
        return NotApplied("the model is not quantized: no pattern changes which operators run")
    try:
        recompiled = _opened(ground, oracle, sample)
        _try_out(recompiled, oracle, ground.space, reloaded, sample)
    except RelcheckError:
        raise
    except Exception as error:  # of ONNX Runtime: a value that cannot be taken out or fed
        return NotApplied(f"ONNX Runtime refuses a subgraph: {short_reason(error)}")
    if recompiled.open:
        return recompiled
    return NotApplied("no subgraph between integer values gave what the oracle gives")


def _opened(ground: Ground, oracle: RewriteExecutor, sample: Feeds) -> RecompiledSubgraphs:
    file_graph, stripped = FileGraph(oracle.proto), ground.model.stripped
    value_types = find_value_types(file_graph)
    live = golden_of_optimized(stripped, ground.model.ort_values, sample)
    in_file = golden_of_file(file_graph, list(value_types), sample)
    matched = match_values(file_graph, in_file, live)
    aligned_cuts = find_aligned_cuts(file_graph, stripped, matched)
    every = {cut.position: cut for cut in find_cuts(stripped.graph)}
    every[len(stripped.graph.node)] = ground.model.end
    places = sorted({s.cut for s in aligned_cuts} | {c.position for c in ground.kept})
    stops = [every[place] for place in places]
    known = {**live, **sample, **ground.values}
    types = element_types(known, list({name for stop in stops for name in stop.values}))
    links = {
        places.index(begin): (places.index(end), link)
        for begin, (end, link) in ground.links.items()
    }
    parts = LiveSubgraphs(stripped, ground.model.ort_values, stops, types, links)
    shifted = {value.name for value in matched.values() if value.shifted}
    writer = SubgraphWriter(file_graph, value_types, shifted)
    grid = CutGrid(aligned_cuts, ground.kept, parts)
    return RecompiledSubgraphs(file_graph, writer, grid, ground.space, oracle.faulty, ground.fixed)


def _try_out(
    recompiled: RecompiledSubgraphs,
    oracle: RewriteExecutor,
    space: FaultSpace,
    reloaded: Indices,
    sample: Feeds,
) -> None:
    """Close the stretches that do not give what the oracle gives, or were not tried."""
    rng = np.random.default_rng(20)
    groups = _groups(recompiled, reloaded.tolist())
    tried: set[int] = set()
    for _, part in product(range(ROUNDS), range(SPLIT)):
        if part == 0:
            rng.shuffle(groups)
        tensors = sorted({int(rng.choice(group)) for group in groups[part::SPLIT]})
        visited = recompiled.subgraphs_reading(tensors)
        if not visited:
            continue
        pattern = _pattern(space, tensors, rng)
        with oracle.inject(pattern) as run:
            expected = run(sample)
        plan = recompiled.plan(pattern, tensors, 0, -1)
        if plan is None or not _answer(recompiled, plan, sample).same_as(expected):
            recompiled.open -= visited
        tried |= visited
    recompiled.open &= tried


def _answer(recompiled: RecompiledSubgraphs, plan: SubgraphPlan, sample: Feeds) -> Result:
    try:
        return recompiled.run(plan, recompiled.load(plan), sample, None)
    except Exception as error:  # ONNX Runtime's exceptions share no narrower base class
        return Failure(str(error))
    finally:
        recompiled.restore()


def _groups(recompiled: RecompiledSubgraphs, tensors: Sequence[int]) -> list[list[int]]:
    """By stretch: the tensors that it reads and that must be loaded anew."""
    found: dict[int, list[int]] = {}
    for tensor in tensors:
        for stretch in recompiled.subgraphs_reading([tensor]) or ():
            found.setdefault(stretch, []).append(tensor)
    return list(found.values())


def _pattern(space: FaultSpace, tensors: Sequence[int], rng: np.random.Generator) -> FaultPattern:
    """A flip of one bit in each of ``tensors``."""
    sites = []
    for tensor in tensors:
        tensor = space.counted_in(tensor)
        site = space.tensors[tensor]
        element, bit = int(rng.integers(site.elements)), int(rng.integers(site.codec.bits))
        sites.append(space.site(tensor, element, bit))
    return FaultPattern(FLIP, np.array(sorted(set(sites)), np.int64))
