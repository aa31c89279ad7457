"""Where the file's graph and the optimized one can be cut alike, found by what passes there.

The optimizer renames values and puts channels last. So both graphs are run, and a value of the one
is taken to be a value of the other if it has the same contents; what rests on that is tried out
before it is used (`recompiled.py`).
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
from analyzer.runtime.recompile.file_graph import AlignedCut, AlignedValue, FileGraph, ValueType
from analyzer.runtime.recompile.unsigned_zero_points import as_unsigned, can_shift
from analyzer.runtime.stretches.cuts import find_cuts, with_outputs
from analyzer.runtime.stretches.golden_run import Arrays

INTEGERS = {
    "tensor(uint8)": onnx.TensorProto.UINT8,
    "tensor(int8)": onnx.TensorProto.INT8,
}
"""Element types that may pass a aligned_cut, as ONNX Runtime writes them."""

MOST_VALUES = 4
"""Values that may pass a aligned_cut."""


def find_value_types(file_graph: FileGraph) -> dict[str, ValueType]:
    """The integer values of the file's graph that pass between its nodes."""
    few = [c.values for c in file_graph.cuts if len(c.values) <= MOST_VALUES]
    own = {i.name for i in file_graph.proto.graph.input} | {
        o.name for o in file_graph.proto.graph.output
    }
    names = sorted({name for values in few for name in values} - own)
    options = session_options(optimize=False)
    session = new_session(with_outputs(file_graph.proto, names), options)
    found = {o.name: o for o in session.get_outputs() if o.type in INTEGERS}
    return {
        n: ValueType(INTEGERS[found[n].type], tuple(found[n].shape)) for n in names if n in found
    }


def golden_of_file(file_graph: FileGraph, names: Sequence[str], sample: Feeds) -> dict[str, Any]:
    """What the values ``names`` of the file's graph are, optimized, on one batch."""
    session = new_session(with_outputs(file_graph.proto, list(names)), session_options())
    return dict(zip(names, session.run(list(names), dict(sample)), strict=True))


def golden_of_optimized(
    stripped: onnx.ModelProto, ort_values: SharedInitializers, sample: Feeds
) -> dict[str, Any]:
    """The integer values of the optimized graph on one batch; the weights must be golden."""
    outputs = {o.name for o in stripped.graph.output}
    made = [n for node in stripped.graph.node for n in node.output if n and n not in outputs]
    session = open_shared_session(with_outputs(stripped, made), ort_values).session
    names = [o.name for o in session.get_outputs() if o.type in INTEGERS]
    return dict(zip(names, session.run(names, dict(sample)), strict=True))


def match(file_graph: FileGraph, file: Arrays, optimized: Arrays) -> dict[str, AlignedValue]:
    """By value of the optimized graph: the value of the file's graph with the same contents.

    Values whose contents fit several are left out.

    Args:
        file_graph: the file's graph.
        file: its integer values.
        optimized: those of the optimized graph.
    """
    graph = file_graph.proto.graph
    forms = [AlignedValue(n, "", last) for n in file for last in (False, True)]
    forms += [
        replace(f, shifted=True) for f in forms if can_shift(f.name, graph, file_graph.stored)
    ]
    found = {}
    for name, values in optimized.items():
        away = [(_distance(file[form.name], values, form), i) for i, form in enumerate(forms)]
        least, best = min(away, default=(np.inf, 0))
        others = [d for d, i in away if forms[i].name != forms[best].name]
        if least <= NEAR and min(others, default=np.inf) >= least + APART:
            found[name] = replace(forms[best], optimized=name)
    return found


NEAR, APART = 1.0, 0.5
"""Mean difference of two values that are taken to be the same, and how much less it is than others.

They need not be equal: outputs that are added to look at values change what is fused around them.
"""


def _distance(file: npt.NDArray[Any], optimized: npt.NDArray[Any], form: AlignedValue) -> float:
    """Mean difference of the elements of a value of the file's graph and an optimized one."""
    if file.size != optimized.size or (form.last and file.ndim != 4):
        return np.inf
    if form.last:
        file = file.transpose(0, 2, 3, 1)
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
    """The places where both graphs can be cut, from the first node to behind the last.

    Args:
        file_graph: the file's graph.
        stripped: the optimized model.
        matched: values of the optimized graph and what they are in the file's.
    """
    inputs = {
        i.name: AlignedValue(i.name, i.name, last=False) for i in file_graph.proto.graph.input
    }
    cuts = {c.values: c.position for c in reversed(file_graph.cuts)}
    found = [AlignedCut(0, 0, tuple(inputs[n] for n in find_cuts(stripped.graph)[0].values))]
    for cut in find_cuts(stripped.graph)[1:]:
        values = tuple(matched[name] for name in cut.values if name in matched)
        position = cuts.get(frozenset(value.name for value in values))
        if len(values) < len(cut.values) or position is None or not values:
            continue
        if len({value.name for value in values}) < len(values):
            continue
        aligned_cut = AlignedCut(position, cut.position, values)
        if position == found[-1].position and position:
            found[-1] = aligned_cut
        elif position > found[-1].position:
            found.append(aligned_cut)
    return [*found, AlignedCut(len(file_graph.nodes), len(stripped.graph.node), ())]
