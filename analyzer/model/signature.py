"""Inputs of a model: names, element types and shapes of the arrays that must be fed."""

import math
import re
from collections.abc import Sequence
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

_NAMING = ("int64", "int32", "bool")
"""Types of numbers that name something (tokens, masks) rather than measure it."""

_STATE = re.compile(r"state|hidden|cell|cache|past|(^|_)[hc](_?(0|n|x|in|prev))?$")
"""Names that exporters give to what a recurrent network remembers."""

Dimension = int | str | None
"""As the file states it: a size, a name, or nothing."""


@dataclass(frozen=True, slots=True)
class InputSignature:
    """One input of a model, with the others if there are several.

    Attributes:
        name: Its name.
        dtype: numpy name of its element type.
        shape: Its dimensions, batch first; None where the model leaves one open.
        bound: Integers that it takes are below this, where the model shows it: rows of the table
            that it selects from.
        others: The model's further inputs, states last; they have none themselves.
        axis: Which dimension counts the rows of a batch; None: no dimension does, every run is fed
            the same.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    bound: int | None = None
    others: tuple["InputSignature", ...] = ()
    axis: int | None = 0

    @property
    def every(self) -> tuple["InputSignature", ...]:
        """This input and the others."""
        return (self, *self.others)

    @property
    def fixed_batch(self) -> int | None:
        """The batch size the model insists on; None if any will do."""
        counts = (s.shape[s.axis] for s in self.every if s.axis is not None)
        return next((count for count in counts if count), None)

    @property
    def item(self) -> tuple[int | None, ...]:
        """Shape of one image, or of whatever this input takes one of per row."""
        if self.axis is None:
            return self.shape
        return (*self.shape[: self.axis], *self.shape[self.axis + 1 :])

    @property
    def is_state(self) -> bool:
        """True if zeros may be fed where nothing is given.

        Scalars, inputs without a row for each image, and floats that are called a state.
        """
        named = self.dtype not in _NAMING and bool(_STATE.search(self.name.lower()))
        return self.axis != 0 or named

    def whole(self, rows: int, item: tuple[int, ...]) -> tuple[int, ...]:
        """The shape that is fed.

        Args:
            rows: of the batch.
            item: shape of one row, every dimension known.

        >>> InputSignature("h", "float32", (2, None, 64), axis=1).whole(8, (2, 64))
        (2, 8, 64)
        """
        return item if self.axis is None else (*item[: self.axis], rows, *item[self.axis :])

    @property
    def is_integer(self) -> bool:
        """True for numbers that name something (tokens, masks) rather than measure it."""
        return self.dtype in _NAMING

    def __str__(self) -> str:
        """Readable form, e.g. ``image float32 (N, 3, 32, 32)``."""
        return ", ".join(
            f"{s.name} {s.dtype} ({', '.join('N' if d is None else str(d) for d in s.shape)})"
            for s in self.every
        )


def input_signature(graph: onnx.GraphProto) -> InputSignature:
    """The inputs of ``graph``; initializers listed as inputs do not count.

    Of several, an image is the first, else the first of the file that has a batch dimension and
    is no state.

    Args:
        graph: of the model.

    Raises:
        UnsupportedSignature: no input, or one that cannot be fed or is huge; none that carries a
            batch; inputs that insist on different batch sizes.
    """
    stored = {t.name for t in graph.initializer} | {s.values.name for s in graph.sparse_initializer}
    found = {i.name: _one(graph, i) for i in graph.input if i.name not in stored}
    if not found:
        raise UnsupportedSignature("the model has no input; there is nothing to feed")
    batched = sorted((s for s in found.values() if s.shape), key=lambda s: s.is_state)
    if not batched:
        raise UnsupportedSignature(
            f"input {quoted(next(iter(found)))} has no batch dimension, nor has any other; give "
            "it a shape when exporting"
        )
    images = [s for s in batched if len(s.shape) == 4 and s.dtype in _IMAGES and not s.is_state]
    first = (images or batched)[0]
    dims = {i.name: _dimensions(i) for i in graph.input}
    others = [
        replace(s, axis=batch_axis(dims[s.name], dims[first.name][0]))
        for s in found.values()
        if s is not first
    ]
    signature = replace(first, others=tuple(sorted(others, key=lambda s: s.is_state)))
    _check_sizes(signature)
    return signature


def batch_axis(dims: Sequence[Dimension], batch: Dimension) -> int | None:
    """The dimension of a further input that counts the rows of a batch.

    The first one, unless it says otherwise: states of recurrent networks count layers first.

    Args:
        dims: the dimensions of the input.
        batch: the dimension that counts the rows of the first input.

    Returns:
        None where no dimension does, and every run is fed the same.

    >>> batch_axis((2, "batch", 128), "batch"), batch_axis((2, 1, 128), 1), batch_axis((), "batch")
    (1, 1, None)
    """
    if not dims:
        return None
    if batch is not None and batch in dims:
        return dims.index(batch)
    if isinstance(dims[0], int) and dims[0] > 1:
        if batch == 1:
            return None
        opened = (axis for axis, d in enumerate(dims) if not isinstance(d, int))
        return 0 if isinstance(batch, int) else next(opened, 0)
    return 0


def _check_sizes(signature: InputSignature) -> None:
    counts = {s.shape[s.axis] for s in signature.every if s.axis is not None} - {None}
    if len(counts) > 1:
        raise UnsupportedSignature(
            "the model's inputs insist on batches of different sizes: "
            f"{', '.join(map(str, sorted(filter(None, counts))))}; export with the same first "
            "dimension in all of them, or store those that never change"
        )


def _dimensions(value: onnx.ValueInfoProto) -> tuple[Dimension, ...]:
    dims = value.type.tensor_type.shape.dim
    return tuple(d.dim_value if d.dim_value > 0 else d.dim_param or None for d in dims)


def _one(graph: onnx.GraphProto, value: onnx.ValueInfoProto) -> InputSignature:
    tensor, name = value.type.tensor_type, value.name
    if tensor.elem_type not in _TYPES:
        raise UnsupportedSignature(
            f"input {quoted(name)} is {_kind(value.type)}; relcheck feeds tensors of "
            f"{', '.join(_TYPES.values())}: export with an input of one of these"
        )
    if not tensor.HasField("shape"):
        raise UnsupportedSignature(
            f"input {quoted(name)} has no batch dimension; give it a shape when exporting"
        )
    dims = tuple(d if isinstance(d, int) else None for d in _dimensions(value))
    if math.prod(d or 1 for d in dims) > limits.INPUT_ELEMENTS:
        raise UnsupportedSignature(f"input {quoted(name)} of shape {dims} is too large to be fed")
    axis = 0 if dims else None
    return InputSignature(name, _TYPES[tensor.elem_type], dims, _bound(graph, name), axis=axis)


_OTHER_KINDS = {
    "sequence_type": "a sequence",
    "map_type": "a map",
    "optional_type": "optional",
    "sparse_tensor_type": "a sparse tensor",
}


def _kind(declared: onnx.TypeProto) -> str:
    """The type of an input in words."""
    case = declared.WhichOneof("value")
    if case != "tensor_type":
        return _OTHER_KINDS.get(case or "", "of no declared type")
    known = onnx.TensorProto.DataType.DESCRIPTOR.values_by_number
    found = known.get(declared.tensor_type.elem_type)
    return f"a tensor of {found.name.lower()}" if found else "a tensor of an unknown type"


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
