"""Inputs of a model: names, element types and shapes of the arrays that must be fed."""

import math
from dataclasses import dataclass, replace

import onnx

from analyzer.errors import UnsupportedSignature, quoted
from analyzer.model import limits

_TYPES: dict[int, str] = {
    onnx.TensorProto.FLOAT: "float32",
    onnx.TensorProto.DOUBLE: "float64",
    onnx.TensorProto.FLOAT16: "float16",
    onnx.TensorProto.UINT8: "uint8",
    onnx.TensorProto.INT64: "int64",
    onnx.TensorProto.INT32: "int32",
    onnx.TensorProto.BOOL: "bool",
}
"""What can be fed, as numpy calls it."""

_IMAGES = ("float32", "float64", "float16", "uint8")


@dataclass(frozen=True, slots=True)
class InputSignature:
    """One input of a model, with the others if there are several.

    Attributes:
        name: Its name.
        dtype: numpy name of its element type.
        shape: Its dimensions, batch first; None where the model leaves one open.
        bound: Integers that it takes are below this, where the model shows it: rows of the table
            that it selects from.
        others: The model's further inputs; they have none themselves.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    bound: int | None = None
    others: tuple["InputSignature", ...] = ()

    @property
    def every(self) -> tuple["InputSignature", ...]:
        """This input and the others."""
        return (self, *self.others)

    @property
    def fixed_batch(self) -> int | None:
        """The batch size the model insists on; None if any will do."""
        return next((s.shape[0] for s in self.every if s.shape[0]), None)

    @property
    def item(self) -> tuple[int | None, ...]:
        """Shape of one image, or of whatever this input takes one of per row."""
        return self.shape[1:]

    @property
    def is_integer(self) -> bool:
        """True for numbers that name something (tokens, masks) rather than measure it."""
        return self.dtype in ("int64", "int32", "bool")

    def __str__(self) -> str:
        """Readable form, e.g. ``image float32 (N, 3, 32, 32)``."""
        return ", ".join(
            f"{s.name} {s.dtype} ({', '.join('N' if d is None else str(d) for d in s.shape)})"
            for s in self.every
        )


def input_signature(graph: onnx.GraphProto) -> InputSignature:
    """The inputs of ``graph``; initializers listed as inputs do not count.

    Of several, an image is the first, else the first of the file.

    Raises:
        UnsupportedSignature: no input, or one that cannot be fed or carries no batch, or is huge;
            inputs that insist on different batch sizes.
    """
    stored = {t.name for t in graph.initializer} | {s.values.name for s in graph.sparse_initializer}
    found = [_one(graph, i) for i in graph.input if i.name not in stored]
    if not found:
        raise UnsupportedSignature("the model has no input; there is nothing to feed")
    sizes = {s.shape[0] for s in found if s.shape[0] is not None}
    if len(sizes) > 1:
        raise UnsupportedSignature(
            "the model's inputs insist on batches of different sizes: "
            f"{', '.join(map(str, sorted(sizes)))}"
        )
    images = [s for s in found if len(s.shape) == 4 and s.dtype in _IMAGES]
    first = (images or found)[0]
    return replace(first, others=tuple(s for s in found if s is not first))


def _one(graph: onnx.GraphProto, value: onnx.ValueInfoProto) -> InputSignature:
    tensor, name = value.type.tensor_type, value.name
    if tensor.elem_type not in _TYPES:
        raise UnsupportedSignature(
            f"input {quoted(name)} is not a tensor of {', '.join(_TYPES.values())}"
        )
    if not tensor.HasField("shape") or not tensor.shape.dim:
        raise UnsupportedSignature(
            f"input {quoted(name)} has no batch dimension; give it a shape when exporting"
        )
    dims = tuple(d.dim_value if d.dim_value > 0 else None for d in tensor.shape.dim)
    if math.prod(d or 1 for d in dims) > limits.INPUT_ELEMENTS:
        raise UnsupportedSignature(f"input {quoted(name)} of shape {dims} is too large to be fed")
    return InputSignature(name, _TYPES[tensor.elem_type], dims, _bound(graph, name))


_PASSING = frozenset({"Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten"})


def _bound(graph: onnx.GraphProto, name: str) -> int | None:
    """Rows of the smallest stored table from which the values of input ``name`` select."""
    tables = {t.name: tuple(t.dims) for t in graph.initializer}
    same, bounds = {name}, []
    for node in graph.node:  # nodes stand in the order of execution
        if node.op_type in _PASSING and node.input and node.input[0] in same:
            same |= set(node.output)
        if node.op_type == "Gather" and node.input[1] in same and node.input[0] in tables:
            axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
            dims = tables[node.input[0]]
            if -len(dims) <= axis < len(dims):
                bounds.append(dims[axis])
    return min(bounds, default=None)
