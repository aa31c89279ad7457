"""Detours are tried out against the oracle before they are used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from analyzer.answers import Failure, Feeds, Result
from analyzer.errors import RelcheckError
from analyzer.faults.models import FaultKind, FaultModel, FaultPattern
from analyzer.faults.space import FaultSpace, Indices
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.session import short_reason
from analyzer.runtime.recompile.file_graph import StretchWriter, Trunk
from analyzer.runtime.recompile.graph_alignment import (
    describe,
    find_stations,
    golden_of_file,
    golden_of_optimized,
    match,
)
from analyzer.runtime.recompile.live_subgraphs import LiveParts
from analyzer.runtime.recompile.subgraphs import Detour, Detours, Grid
from analyzer.runtime.stretches.cuts import Cut, find_cuts
from analyzer.runtime.stretches.golden_run import Arrays
from analyzer.runtime.stretches.sessions import Link, element_types
from analyzer.runtime.stretches.strategy import LiveModel
from analyzer.runtime.weights.fixed import Fixed

ROUNDS, SPLIT = 2, 4
"""How often every stretch is hit, and by how many patterns that are run both ways."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What subgraphs are recompiled beside.

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
    fixed: Fixed


def find_subgraphs(
    ground: Ground, oracle: RewriteExecutor, reloaded: Indices, sample: Feeds
) -> Detours | NotApplied:
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
        detours = _opened(ground, oracle, sample)
        _try_out(detours, oracle, ground.space, reloaded, sample)
    except RelcheckError:
        raise
    except Exception as error:  # of ONNX Runtime: a value that cannot be taken out or fed
        return NotApplied(f"ONNX Runtime refuses a subgraph: {short_reason(error)}")
    if detours.open:
        return detours
    return NotApplied("no subgraph between integer values gave what the oracle gives")


def _opened(ground: Ground, oracle: RewriteExecutor, sample: Feeds) -> Detours:
    trunk, shell = Trunk(oracle.proto), ground.model.shell
    described = describe(trunk)
    live = golden_of_optimized(shell, ground.model.lent, sample)
    matched = match(trunk, golden_of_file(trunk, list(described), sample), live)
    stations = find_stations(trunk, shell, matched)
    every = {cut.position: cut for cut in find_cuts(shell.graph)}
    every[len(shell.graph.node)] = ground.model.end
    places = sorted({s.cut for s in stations} | {c.position for c in ground.kept})
    stops = [every[place] for place in places]
    known = {**live, **sample, **ground.values}
    types = element_types(known, list({name for stop in stops for name in stop.values}))
    links = {
        places.index(begin): (places.index(end), link)
        for begin, (end, link) in ground.links.items()
    }
    parts = LiveParts(shell, ground.model.lent, stops, types, links)
    shifted = {value.name for value in matched.values() if value.shifted}
    writer = StretchWriter(trunk, described, shifted)
    grid = Grid(stations, ground.kept, parts)
    return Detours(trunk, writer, grid, ground.space, oracle.faulty, ground.fixed)


def _try_out(
    detours: Detours,
    oracle: RewriteExecutor,
    space: FaultSpace,
    reloaded: Indices,
    sample: Feeds,
) -> None:
    """Close the stretches that do not give what the oracle gives, or were not tried."""
    rng = np.random.default_rng(20)
    groups = _groups(detours, reloaded.tolist())
    tried: set[int] = set()
    for _, part in product(range(ROUNDS), range(SPLIT)):
        if part == 0:
            rng.shuffle(groups)
        tensors = sorted({int(rng.choice(group)) for group in groups[part::SPLIT]})
        visited = detours.stretches(tensors)
        if not visited:
            continue
        pattern = _pattern(space, tensors, rng)
        with oracle.inject(pattern) as run:
            expected = run(sample)
        detour = detours.detour(pattern, tensors, 0, -1)
        if detour is None or not _answer(detours, detour, sample).same_as(expected):
            detours.open -= visited
        tried |= visited
    detours.open &= tried


def _answer(detours: Detours, detour: Detour, sample: Feeds) -> Result:
    try:
        return detours.run(detour, detours.load(detour), sample, None)
    except Exception as error:  # ONNX Runtime's exceptions share no narrower base class
        return Failure(str(error))
    finally:
        detours.leave()


def _groups(detours: Detours, tensors: Sequence[int]) -> list[list[int]]:
    """By stretch: the tensors that it reads and that must be loaded anew."""
    found: dict[int, list[int]] = {}
    for tensor in tensors:
        for stretch in detours.stretches([tensor]) or ():
            found.setdefault(stretch, []).append(tensor)
    return list(found.values())


def _pattern(space: FaultSpace, tensors: Sequence[int], rng: np.random.Generator) -> FaultPattern:
    """A flip of one bit in each of ``tensors``."""
    sites = []
    for tensor in tensors:
        site = space.tensors[tensor]
        element, bit = int(rng.integers(site.elements)), int(rng.integers(site.codec.bits))
        sites.append(space.site(tensor, element, bit))
    return FaultPattern(FaultModel(FaultKind.FLIP), np.array(sorted(sites), np.int64))
