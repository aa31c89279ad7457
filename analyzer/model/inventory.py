"""Inventory of an ONNX graph: stored tensors at risk, and those out of scope with the reason."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

from analyzer.errors import InvalidModel, quoted, short
from analyzer.faults.elements import (
    BFLOAT16,
    INT32,
    ElementType,
    Values,
    codec_for,
    from_codes,
)
from analyzer.faults.space import Kind, TensorSite
from analyzer.graph.index import Readers, readers_of
from analyzer.graph.walk import sub_graphs
from analyzer.model.element_types import ELEMENT_OF, NAME_OF
from analyzer.model.roles import role_of, sets_sizes


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """A stored tensor that no fault hits, and the reason."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class AtRisk:
    """A stored tensor whose bits can flip."""

    name: str
    kind: Kind
    element: ElementType
    values: Values

    def site(self, encoding: str) -> TensorSite:
        """Its place in a fault space under ``encoding``."""
        codec = codec_for(encoding, self.element)
        return TensorSite(self.name, self.kind, self.values.shape, codec, self.element.name)


@dataclass(frozen=True, slots=True)
class Inventory:
    """All stored tensors of a model."""

    at_risk: tuple[AtRisk, ...]
    out_of_scope: tuple[OutOfScope, ...]


def take_inventory(graph: onnx.GraphProto) -> Inventory:
    """Sort every stored tensor of ``graph`` into at risk and out of scope.

    Raises:
        InvalidModel: a tensor's data does not match its shape.
    """
    readers = readers_of(graph)
    outputs = {o.name for o in graph.output}
    at_risk: list[AtRisk] = []
    out: list[OutOfScope] = []
    for tensor in graph.initializer:
        reason = _why_not(tensor, readers, outputs)
        if reason:
            out.append(OutOfScope(tensor.name, _type_name(tensor), tuple(tensor.dims), reason))
        else:
            element = ELEMENT_OF[tensor.data_type]
            kind = role_of(tensor.name, readers)
            at_risk.append(AtRisk(tensor.name, kind, element, values_of(tensor)))
    out.extend(_elsewhere(graph, "the main graph"))
    return Inventory(tuple(at_risk), tuple(out))


def values_of(tensor: onnx.TensorProto) -> Values:
    """The values of one stored tensor, in its own dtype and shape.

    Raises:
        InvalidModel: the data does not match the shape.
    """
    try:
        return _decoded(tensor).reshape(tuple(tensor.dims))
    except (ValueError, TypeError) as error:
        raise InvalidModel(
            f"tensor {quoted(tensor.name)} holds another amount of data than its shape "
            f"{short(str(tuple(tensor.dims)))} needs"
        ) from error


def _decoded(tensor: onnx.TensorProto) -> Values:
    """Its values; older versions of onnx give some types in another one, bfloat16 as float32."""
    values = np.ascontiguousarray(numpy_helper.to_array(tensor))
    element = ELEMENT_OF.get(tensor.data_type)
    if element is None or values.dtype == element.dtype:
        return values
    if element is not BFLOAT16:
        return values.astype(element.dtype)
    # Bit for bit: by way of float32 a NaN would lose its payload.
    stored = (
        np.frombuffer(tensor.raw_data, "<u2")
        if tensor.HasField("raw_data")
        else np.array(tensor.int32_data, np.int64)
    )
    return from_codes(stored.astype(np.uint16), element)


def _why_not(tensor: onnx.TensorProto, readers: Readers, outputs: set[str]) -> str:
    """The reason for which ``tensor`` is out of scope; empty if it is at risk."""
    name = tensor.name
    element = ELEMENT_OF.get(tensor.data_type)
    if element is None:
        return _type_reason(tensor)
    if 0 in tensor.dims:
        return "it has no elements"
    if name not in readers:
        return "it is an output itself" if name in outputs else "no node reads it"
    if sets_sizes(name, readers):
        return "it sets sizes (Resize, Upsample, Range): no stored weight"
    integer_value = element == INT32 and role_of(name, readers) is Kind.CONSTANT
    return "int32 that is no quantized bias: an index or a size" if integer_value else ""


def _type_reason(tensor: onnx.TensorProto) -> str:
    if tensor.data_type == onnx.TensorProto.INT64:
        return "int64: shapes, axes and indices, no weights"
    return f"element type {_type_name(tensor)} is not among those analyzed"


def _type_name(tensor: onnx.TensorProto) -> str:
    number = tensor.data_type
    if number in NAME_OF:
        return NAME_OF[number]
    known = number in onnx.TensorProto.DataType.values()
    return onnx.TensorProto.DataType.Name(number).lower() if known else str(number)


def _title(node: onnx.NodeProto) -> str:
    """Name of ``node``, or of the value that it computes."""
    return node.name or next(iter(node.output), "")


def _constant(node: onnx.NodeProto) -> tuple[str, tuple[int, ...]]:
    """Type and shape of what a Constant node holds, in whichever form it holds it."""
    value = next(iter(node.attribute), onnx.AttributeProto())
    match value.name:
        case "value":
            return _type_name(value.t), tuple(value.t.dims)
        case "sparse_value":
            return _type_name(value.sparse_tensor.values), tuple(value.sparse_tensor.dims)
        case "value_floats":
            return "float32", (len(value.floats),)
        case "value_ints":
            return "int64", (len(value.ints),)
        case "value_strings":
            return "string", (len(value.strings),)
    return {"value_float": "float32", "value_int": "int64"}.get(value.name, "string"), ()


def _elsewhere(graph: onnx.GraphProto, where: str) -> Iterator[OutOfScope]:
    """Tensors stored in places that this tool leaves alone, each with its reason."""
    for sparse in graph.sparse_initializer:
        values = sparse.values
        reason = "a sparse initializer: ONNX Runtime expands it when loading"
        yield OutOfScope(values.name, _type_name(values), tuple(sparse.dims), reason)
    for node in graph.node:
        if node.op_type == "Constant":
            reason = "a Constant node, part of the graph; make it an initializer to expose it"
            yield OutOfScope(next(iter(node.output), ""), *_constant(node), reason)
        for sub in sub_graphs(node):
            place = f"a sub-graph of {short(node.op_type)} {quoted(_title(node))}"
            for tensor in sub.initializer:
                reason = f"stored in {place}, not in {where}"
                yield OutOfScope(tensor.name, _type_name(tensor), tuple(tensor.dims), reason)
            yield from _elsewhere(sub, where)
