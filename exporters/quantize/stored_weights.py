"""Weights that a model keeps elsewhere than in initializers, made initializers.

The quantizer takes an input of a convolution or matrix product for a weight only if it is an
initializer. A weight in a Constant node, or one that is cast, transposed or merely renamed on its
way, would be quantized like an activation: stored as floats, with one scale, and in no integer
kernel of weights.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from analyzer.answers import Answer
from analyzer.graph.index import Index, index_of, operator
from analyzer.graph.walk import reads
from analyzer.runtime.ort.session import open_session, run_session, session_options

WEIGHTS: dict[str, tuple[int, ...]] = {
    "Conv": (1, 2),
    "ConvTranspose": (1, 2),
    "Gemm": (1, 2),
    "MatMul": (0, 1),
}
"""Operator -> inputs that are weights or biases where they are stored."""

MOVES = frozenset({"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators that give a stored weight another name, type or shape, and compute nothing."""


def with_stored_weights(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The same model, the weights of its products in initializers.

    Args:
        proto: not changed; returned as it is if they all are.
    """
    index = index_of(proto)
    stored = {t.name for t in proto.graph.initializer}
    wanted = sorted(name for name in _weights(proto.graph) if _is_moved(name, index, stored))
    values = _computed(proto, wanted, index) if wanted else {}
    if not values:
        return proto
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    nodes = [node for node in proto.graph.node if not values.keys() & set(node.output)]
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    copy.graph.initializer.extend(numpy_helper.from_array(v, n) for n, v in values.items())
    _drop_unread_nodes(copy.graph)
    return copy


def _weights(graph: onnx.GraphProto) -> set[str]:
    """Names that products of the main graph read where weights stand."""
    return {
        node.input[position]
        for node in graph.node
        for position in WEIGHTS.get(operator(node), ())
        if position < len(node.input) and node.input[position]
    }


def _is_moved(name: str, index: Index, stored: set[str]) -> bool:
    """True if a value is made of stored tensors by moves alone, and is no initializer itself."""
    if name in stored:
        return False
    while name not in index.constants:
        node = index.producers.get(name)
        if node is None or operator(node) not in MOVES:
            return False
        if any(other not in index.constants for other in node.input[1:] if other):
            return False
        name = node.input[0]
    return True


def _computed(
    proto: onnx.ModelProto, wanted: list[str], index: Index
) -> dict[str, npt.NDArray[np.float32]]:
    """The float32 values among some that depend on nothing but stored tensors."""
    needed = {name for value in wanted for name in _upstream(value, index)}
    part = onnx.ModelProto(ir_version=proto.ir_version)
    part.opset_import.extend(proto.opset_import)
    part.graph.name = "weights"
    part.graph.node.extend(n for n in proto.graph.node if needed.intersection(n.output))
    part.graph.initializer.extend(t for t in proto.graph.initializer if t.name in needed)
    part.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in wanted)
    result = run_session(open_session(part, session_options(optimize=False)), {})
    outputs = result.outputs if isinstance(result, Answer) else ()
    found = zip(wanted, outputs, strict=False)
    return {name: value for name, value in found if value.dtype == np.float32}


def _upstream(value: str, index: Index) -> Iterator[str]:
    """``value`` and every name that it is made of."""
    yield value
    node = index.producers.get(value)
    for name in node.input if node is not None else ():
        yield from _upstream(name, index)


def _drop_unread_nodes(graph: onnx.GraphProto) -> None:
    """Remove constants and moves that nothing reads any more, in place."""
    while True:
        read = {name for node in graph.node for name in reads(node)}
        read |= {output.name for output in graph.output}
        kept = [
            node
            for node in graph.node
            if operator(node) not in MOVES | {"Constant"} or read.intersection(node.output)
        ]
        if len(kept) == len(graph.node):
            return
        del graph.node[:]
        graph.node.extend(kept)
