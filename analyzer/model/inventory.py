"""Inventory of an ONNX model: stored tensors at risk, and those out of scope with the reason."""

import math
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
from analyzer.model.constants import dense_constant, is_constant
from analyzer.model.element_types import BITS_OF, ELEMENT_OF, NAME_OF
from analyzer.model.nested import Nested, NestedList, functions_of, nested_tensors
from analyzer.model.roles import Roles
from analyzer.model.stored_at import StoredAt


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """A stored tensor that no fault hits, and the reason.

    Attributes:
        name: Its name.
        dtype: Its element type.
        shape: Its shape.
        reason: Why it is out of scope.
        bits: Bits that the file stores for it.
        read: False if nothing reads it, so that no upset in it has an effect.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    reason: str
    bits: int = 0
    read: bool = True


@dataclass(frozen=True, slots=True)
class AtRisk:
    """A stored tensor whose bits can flip.

    Attributes:
        name: Its name.
        kind: The part that it plays for its reader.
        element: Its number format.
        values: Its fault-free values.
        at: Its address, if it is no initializer of the main graph.
        place: In words, where it is stored in that case.
    """

    name: str
    kind: Kind
    element: ElementType
    values: Values
    at: StoredAt | None = None
    place: str = ""

    def site(self, encoding: str) -> TensorSite:
        """Its place in a fault space under ``encoding``."""
        codec = codec_for(encoding, self.element)
        return TensorSite(self.name, self.kind, self.values.shape, codec, self.element.name)


@dataclass(frozen=True, slots=True)
class Inventory:
    """All stored tensors of a model."""

    at_risk: tuple[AtRisk, ...]
    out_of_scope: tuple[OutOfScope, ...]

    @property
    def bits_left_out(self) -> int:
        """Stored bits that something reads and no fault hits."""
        return sum(t.bits for t in self.out_of_scope if t.read)

    @property
    def share_left_out(self) -> float:
        """The same as a share of all stored bits that something reads."""
        at_risk = sum(t.values.size * t.element.bits for t in self.at_risk)
        return self.bits_left_out / max(at_risk + self.bits_left_out, 1)


class Scope:
    """Tells which stored tensors of a main graph are at risk."""

    def __init__(self, proto: onnx.ModelProto) -> None:
        """Index the main graph of ``proto``."""
        self.roles = Roles(proto.graph, functions_of(proto))
        self._outputs = {o.name for o in proto.graph.output}

    def why_not(self, tensor: onnx.TensorProto) -> str:
        """The reason for which a stored tensor is out of scope; empty if it is at risk."""
        name = tensor.name
        reason = unfit(tensor)
        if reason:
            return reason
        if not self.is_read(name):
            return "no node reads it"
        if name not in self.roles.readers:
            return "it is an output itself"
        if self.roles.sets_sizes(name):
            return "it sets sizes (Resize, Upsample, Range): no stored weight"
        return index_reason(tensor, self.roles.of(name))

    def is_read(self, name: str) -> bool:
        """True if a node reads the tensor, or the user does."""
        return name in self.roles.readers or name in self._outputs


def unfit(tensor: onnx.TensorProto) -> str:
    """The reason why the type or shape of a tensor keeps it out of scope; empty if nothing does."""
    if tensor.data_type not in ELEMENT_OF:
        return _type_reason(tensor)
    return "it has no elements" if 0 in tensor.dims else ""


def index_reason(tensor: onnx.TensorProto, kind: Kind) -> str:
    """The reason why an integer tensor is no weight; empty if it may be one.

    Args:
        tensor: the stored tensor.
        kind: the part that it plays.
    """
    integer_value = ELEMENT_OF[tensor.data_type] == INT32 and kind is Kind.CONSTANT
    return "int32 that is no quantized bias: an index or a size" if integer_value else ""


def take_inventory(proto: onnx.ModelProto) -> Inventory:
    """Sort every stored tensor of ``proto`` into at risk and out of scope.

    Raises:
        InvalidModel: a tensor's data does not match its shape.
    """
    scope = Scope(proto)
    at_risk: list[AtRisk] = []
    out: list[OutOfScope] = []
    for tensor in _main_tensors(proto.graph):
        reason = scope.why_not(tensor)
        if reason:
            out.append(_left_out(tensor, tensor.name, reason, scope.is_read(tensor.name)))
        else:
            element = ELEMENT_OF[tensor.data_type]
            kind = scope.roles.of(tensor.name)
            at_risk.append(AtRisk(tensor.name, kind, element, values_of(tensor)))
    for found in nested_tensors(proto):
        _sort_nested(found, proto, at_risk, out)
    return Inventory(tuple(at_risk), tuple(out))


def _main_tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Initializers, and Constant nodes of dense tensors and of lists of integers."""
    yield from graph.initializer
    for node in graph.node:
        if is_constant(node):
            tensor = dense_constant(node) or _integers(node)
            if tensor is not None:
                yield tensor


def _integers(node: onnx.NodeProto) -> onnx.TensorProto | None:
    """Description of the integers or the text in a Constant node, without contents."""
    held = next(iter(node.attribute), onnx.AttributeProto())
    number, dims = {
        "value_int": (onnx.TensorProto.INT64, []),
        "value_ints": (onnx.TensorProto.INT64, [len(held.ints)]),
        "value_string": (onnx.TensorProto.STRING, []),
        "value_strings": (onnx.TensorProto.STRING, [len(held.strings)]),
    }.get(held.name, (0, []))
    if not number:
        return None
    text = [*held.strings] or [held.s]
    strings = text if number == onnx.TensorProto.STRING else []
    name = next(iter(node.output), "")
    return onnx.TensorProto(name=name, data_type=number, dims=dims, string_data=strings)


def _sort_nested(
    found: Nested | NestedList,
    proto: onnx.ModelProto,
    at_risk: list[AtRisk],
    out: list[OutOfScope],
) -> None:
    if isinstance(found, NestedList):
        bits = 64 * found.count
        out.append(OutOfScope(found.name, "int64", (found.count,), found.reason, bits))
        return
    tensor = found.at.read(proto)
    reason = unfit(tensor) or found.reason or index_reason(tensor, found.kind)
    if reason:
        out.append(_left_out(tensor, found.name, f"{reason} ({found.place})", found.read))
    else:
        element = ELEMENT_OF[tensor.data_type]
        values = values_of(tensor)
        at_risk.append(AtRisk(found.name, found.kind, element, values, found.at, found.place))


def _left_out(tensor: onnx.TensorProto, name: str, reason: str, read: bool) -> OutOfScope:
    bits = BITS_OF.get(tensor.data_type, 0) * math.prod(tensor.dims)
    bits += 8 * sum(map(len, tensor.string_data))
    return OutOfScope(name, _type_name(tensor), tuple(tensor.dims), reason, bits, read)


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
