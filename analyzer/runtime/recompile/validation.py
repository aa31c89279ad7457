"""Detours are tried out against the oracle before they are used."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import onnx

from analyzer.answers import Failure, Feeds, Result
from analyzer.errors import RelcheckError
from analyzer.faults.models import FLIP, FaultPattern
from analyzer.faults.space import FaultSpace, Indices
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.shared_initializers import Borrowed
from analyzer.runtime.partial.execution import Segments
from analyzer.runtime.prepacked_weights.strategy import PackedPiece
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
from analyzer.runtime.stretches.sessions import element_types
from analyzer.runtime.weights.fixed import Fixed

ROUNDS, SPLIT = 2, 4
"""How often every stretch is hit, and by how many patterns that are run both ways."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What detours lead around.

    Attributes:
        space: The bits at risk.
        shell: The optimized model, hollow.
        lent: Its live weights.
        segments: Its kept cuts, and packed pieces between them.
        fixed: Those of its weights that are as the file has them.
    """

    space: FaultSpace
    shell: onnx.ModelProto
    lent: Borrowed
    segments: Segments | None
    fixed: Fixed


def find_detours(
    ground: Ground, oracle: RewriteExecutor, reloaded: Indices, sample: Feeds
) -> Detours | None:
    """The stretches that can be loaded by themselves; None: there are none.

    Args:
        ground: the live model, golden at present.
        oracle: what they are compared with.
        reloaded: int64 (n,), the tensors that must be loaded anew.
        sample: one batch.
    """
    if not any("Quant" in n.op_type or "QL" in n.op_type for n in oracle.proto.graph.node):
        return None
    try:
        detours = _opened(ground, oracle, sample)
        _try_out(detours, oracle, ground.space, reloaded, sample)
    except RelcheckError:
        raise
    except Exception:  # of ONNX Runtime: a value that cannot be taken out or fed
        return None
    return detours if detours.open else None


def _opened(ground: Ground, oracle: RewriteExecutor, sample: Feeds) -> Detours:
    trunk, graph, segments = Trunk(oracle.proto), ground.shell.graph, ground.segments
    described = describe(trunk)
    live = golden_of_optimized(ground.shell, ground.lent, sample)
    matched = match(trunk, golden_of_file(trunk, list(described), sample), live)
    stations = find_stations(trunk, ground.shell, matched)
    every = {cut.position: cut for cut in find_cuts(graph)}
    every[len(graph.node)] = Cut(len(graph.node), ())
    kept = segments.cuts if segments else (every[0],)
    places = sorted({s.cut for s in stations} | {c.position for c in kept})
    stops = [every[place] for place in places]
    known = {**live, **sample, **(segments.sample.values if segments else {})}
    types = element_types(known, list({name for stop in stops for name in stop.values}))
    parts = LiveParts(ground.shell, ground.lent, stops, types, _packed(segments, places))
    shifted = {value.name for value in matched.values() if value.shifted}
    writer = StretchWriter(trunk, described, shifted)
    grid = Grid(stations, kept, parts)
    return Detours(trunk, writer, grid, ground.space, oracle.faulty, ground.fixed)


def _packed(segments: Segments | None, places: list[int]) -> dict[int, tuple[int, PackedPiece]]:
    """By stop: where the packed piece leads that begins there, and that piece."""
    if segments is None or segments.packed is None:
        return {}
    ends = [*(cut.position for cut in segments.cuts[1:]), places[-1]]
    return {
        places.index(cut.position): (places.index(end), piece)
        for cut, end, piece in zip(segments.cuts, ends, segments.packed.pieces, strict=True)
    }


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
    return FaultPattern(FLIP, np.array(sorted(sites), np.int64))
