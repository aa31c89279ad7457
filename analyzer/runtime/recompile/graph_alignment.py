"""Alignment of the file's graph and the optimized one: cuts at which the same values pass.

The optimizer renames values and puts channels last. So both graphs are run, and a value of the one
is taken to be a value of the other if it has the same contents. The subgraphs that rest on this are
tried out before they are used (`validation.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.answers import Feeds
from analyzer.runtime.ort.session import new_session, session_options
from analyzer.runtime.ort.shared_initializers import SharedInitializers, open_shared_session
from analyzer.runtime.recompile.file_graph import FileGraph
from analyzer.runtime.recompile.subgraph_writer import (
    TO_CHANNELS_LAST,
    AlignedCut,
    AlignedValue,
    ValueType,
)
from analyzer.runtime.recompile.unsigned_zero_points import as_unsigned, can_shift
from analyzer.runtime.stretches.cuts import Cut, find_cuts, with_outputs
from analyzer.runtime.stretches.golden_run import Arrays

INTEGERS = {
    "tensor(uint8)": onnx.TensorProto.UINT8,
    "tensor(int8)": onnx.TensorProto.INT8,
}
"""Element types that may pass an aligned cut, as ONNX Runtime writes them."""

MOST_VALUES = 4
"""Most values that may pass an aligned cut."""

NEAR, APART = 1.0, 0.5
"""Largest mean difference of two values taken to be the same, and least lead over all others.

They need not be equal: outputs that are added to look at values change the fusions around them.
"""


def find_value_types(file_graph: FileGraph) -> dict[str, ValueType]:
    """The types of the integer values that pass cuts of the file's graph, by name."""
    narrow = [cut.values for cut in file_graph.cuts if len(cut.values) <= MOST_VALUES]
    graph = file_graph.proto.graph
    own = {value.name for value in (*graph.input, *graph.output)}
    names = sorted({name for values in narrow for name in values} - own)
    options = session_options(optimize=False)
    session = new_session(with_outputs(file_graph.proto, names), options)
    found = {o.name: o for o in session.get_outputs() if o.type in INTEGERS}
    return {
        n: ValueType(INTEGERS[found[n].type], tuple(found[n].shape)) for n in names if n in found
    }


def golden_of_file(file_graph: FileGraph, names: Sequence[str], sample: Feeds) -> dict[str, Any]:
    """Golden values of the file's graph, as a fully optimized session computes them.

    Args:
        file_graph: the graph.
        names: the values.
        sample: one batch.
    """
    session = new_session(with_outputs(file_graph.proto, list(names)), session_options())
    return dict(zip(names, session.run(list(names), dict(sample)), strict=True))


def golden_of_optimized(
    stripped: onnx.ModelProto, ort_values: SharedInitializers, sample: Feeds
) -> dict[str, Any]:
    """Golden values of the optimized graph, all those that are integers.

    Args:
        stripped: the stripped optimized model.
        ort_values: its live weights, golden at present.
        sample: one batch.
    """
    outputs = {o.name for o in stripped.graph.output}
    made = [n for node in stripped.graph.node for n in node.output if n and n not in outputs]
    session = open_shared_session(with_outputs(stripped, made), ort_values).session
    names = [o.name for o in session.get_outputs() if o.type in INTEGERS]
    return dict(zip(names, session.run(names, dict(sample)), strict=True))


def match_values(file_graph: FileGraph, file: Arrays, optimized: Arrays) -> dict[str, AlignedValue]:
    """Find for values of the optimized graph the value of the file's graph that they are.

    Values whose contents fit several are left out.

    Args:
        file_graph: the file's graph.
        file: its integer values, uint8 or int8, by name.
        optimized: integer values of the optimized graph, by name.
    """
    graph = file_graph.proto.graph
    candidates = [AlignedValue(name, "", last) for name in file for last in (False, True)]
    candidates += [
        replace(c, shifted=True) for c in candidates if can_shift(c.name, graph, file_graph.stored)
    ]
    found = {}
    for name, values in optimized.items():
        best = _nearest(values, candidates, file)
        if best is not None:
            found[name] = replace(best, optimized=name)
    return found


def _nearest(
    values: npt.NDArray[Any], candidates: Sequence[AlignedValue], file: Arrays
) -> AlignedValue | None:
    """The candidate whose contents are nearest, if it is near, and others are further away."""
    away = [(_distance(file[c.name], values, c), i) for i, c in enumerate(candidates)]
    least, best = min(away, default=(np.inf, 0))
    if least > NEAR:
        return None
    others = [d for d, i in away if candidates[i].name != candidates[best].name]
    return candidates[best] if min(others, default=np.inf) >= least + APART else None


def _distance(file: npt.NDArray[Any], optimized: npt.NDArray[Any], form: AlignedValue) -> float:
    """Mean difference of the elements of two values; infinite where they cannot be the same."""
    if file.size != optimized.size or (form.last and file.ndim != 4):
        return np.inf
    if form.last:
        file = file.transpose(TO_CHANNELS_LAST)
    if file.shape != optimized.shape:
        return np.inf
    if form.shifted and file.dtype == np.int8:
        file = as_unsigned(file)
    if file.dtype != optimized.dtype:
        return np.inf
    return float(np.abs(file.astype(np.int16) - optimized.astype(np.int16)).mean())


def find_aligned_cuts(
    file_graph: FileGraph, stripped: onnx.ModelProto, matched: Mapping[str, AlignedValue]
) -> list[AlignedCut]:
    """The places where both graphs can be cut, from before the first node to behind the last.

    Args:
        file_graph: the file's graph.
        stripped: the optimized model.
        matched: the value of the file's graph that values of the optimized graph are.
    """
    inputs = {
        i.name: AlignedValue(i.name, i.name, last=False) for i in file_graph.proto.graph.input
    }
    # Where several cuts of the file's graph pass the same values, the first of them counts.
    positions = {c.values: c.position for c in reversed(file_graph.cuts)}
    first, *others = find_cuts(stripped.graph)
    found = [AlignedCut(0, 0, tuple(inputs[name] for name in first.values))]
    for cut in others:
        aligned = _aligned(cut, positions, matched)
        if aligned is None:
            continue
        if aligned.position == found[-1].position and aligned.position:
            found[-1] = aligned
        elif aligned.position > found[-1].position:
            found.append(aligned)
    return [*found, AlignedCut(len(file_graph.nodes), len(stripped.graph.node), ())]


def _aligned(
    cut: Cut, positions: Mapping[frozenset[str], int], matched: Mapping[str, AlignedValue]
) -> AlignedCut | None:
    """The cut of both graphs at a cut of the optimized one; None if the file's has no such cut."""
    values = tuple(matched[name] for name in cut.values if name in matched)
    names = {value.name for value in values}
    position = positions.get(frozenset(names))
    if not values or len(names) < len(cut.values) or position is None:
        return None
    return AlignedCut(position, cut.position, values)
