"""What ONNX Runtime makes of a model: its optimized graph, as data that can be compared."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import onnx

from analyzer.bits import Values
from analyzer.model.inventory import ELEMENT_OF, values_of
from analyzer.model.walk import sub_graphs
from analyzer.runtime.session import new_session, session_options


@dataclass(frozen=True)
class OptimizedModel:
    """One model after ONNX Runtime's optimizer.

    Attributes:
        proto: The optimized model, loadable without further optimization.
    """

    proto: onnx.ModelProto

    @cached_property
    def structure(self) -> tuple[object, ...]:
        """Everything but the values of the initializers: equal for equal computations."""
        nodes = tuple(_node_key(n) for n in self.proto.graph.node)
        shapes = tuple(sorted((t.name, t.data_type, tuple(t.dims)) for t in self._stored()))
        return nodes, shapes

    @cached_property
    def slots(self) -> dict[str, Values]:
        """Values of its initializers, by name, of the element types that can hold weights."""
        found = {t.name: values_of(t) for t in self._stored() if t.data_type in ELEMENT_OF}
        return {name: v for name, v in found.items() if v.size}

    @cached_property
    def hidden(self) -> dict[str, bytes]:
        """Its other stored tensors, which no buffer replaces: of other types, or in sub-graphs."""
        foreign = {t.name: t for t in self._stored() if t.data_type not in ELEMENT_OF}
        found = foreign | dict(_nested(self.proto.graph))
        return {key: t.SerializeToString(deterministic=True) for key, t in found.items()}

    def _stored(self) -> Iterator[onnx.TensorProto]:
        return iter(self.proto.graph.initializer)


def optimize(proto: onnx.ModelProto) -> OptimizedModel:
    """Run ONNX Runtime's optimizer on ``proto`` and read back what it made.

    Raises whatever ONNX Runtime raises for a model that it cannot load.
    """
    with tempfile.TemporaryDirectory(prefix="relcheck-") as folder:
        target = Path(folder) / "optimized.onnx"
        options = session_options()
        options.optimized_model_filepath = str(target)
        new_session(proto, options)
        optimized = onnx.ModelProto()
        optimized.ParseFromString(target.read_bytes())
    return OptimizedModel(optimized)


def _nested(graph: onnx.GraphProto) -> Iterator[tuple[str, onnx.TensorProto]]:
    """Initializers of the sub-graphs of ``graph``, under names that no initializer of it has."""
    for node in graph.node:
        for number, sub in enumerate(sub_graphs(node)):
            place = f"sub-graph {number} of {next(iter(node.output), '')}"
            yield from ((f"{t.name} in {place}", t) for t in sub.initializer)
            yield from ((f"{name}, {place}", t) for name, t in _nested(sub))


def _node_key(node: onnx.NodeProto) -> tuple[object, ...]:
    attributes = sorted((a.name, a.SerializeToString(deterministic=True)) for a in node.attribute)
    subs = tuple(tuple(_node_key(n) for n in g.node) for g in sub_graphs(node))
    return (node.op_type, node.domain, *node.input, "->", *node.output, *attributes, subs)


def replace_values(proto: onnx.ModelProto, raw: dict[str, bytes]) -> onnx.ModelProto:
    """A copy of ``proto`` with the bytes of some initializers replaced."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for tensor in copy.graph.initializer:
        if tensor.name in raw:
            for field in ("float_data", "double_data", "int32_data"):
                tensor.ClearField(field)
            tensor.raw_data = raw[tensor.name]
    return copy


def changed(model: OptimizedModel, golden: OptimizedModel) -> set[str]:
    """Names of the stored tensors, hidden ones included, that differ between like models."""
    slots = {n for n, v in golden.slots.items() if not same_values(model.slots[n], v)}
    return slots | {n for n, raw in golden.hidden.items() if model.hidden.get(n) != raw}


def same_values(a: Values, b: Values) -> bool:
    """Equal dtype, shape and bytes."""
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(_bytes(a), _bytes(b))


def _bytes(values: Values) -> Values:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)
