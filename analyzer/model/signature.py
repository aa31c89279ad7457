"""Inputs and outputs of a model: what must be fed, what comes back."""

import math
from dataclasses import dataclass

import onnx

from analyzer.errors import UnsupportedSignature, quoted, short
from analyzer.model import limits

_FLOATS = {
    onnx.TensorProto.FLOAT: "float32",
    onnx.TensorProto.DOUBLE: "float64",
    onnx.TensorProto.FLOAT16: "float16",
    onnx.TensorProto.UINT8: "uint8",
}


@dataclass(frozen=True, slots=True)
class InputSignature:
    """The one input of a model.

    Attributes:
        name: Its name.
        dtype: numpy name of its element type.
        shape: Its dimensions, batch first; None where the model leaves one open.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    @property
    def fixed_batch(self) -> int | None:
        """The batch size the model insists on; None if any will do."""
        return self.shape[0]

    @property
    def item(self) -> tuple[int | None, ...]:
        """Shape of one image."""
        return self.shape[1:]

    def __str__(self) -> str:
        """Readable form, e.g. ``image float32 (N, 3, 32, 32)``."""
        dims = ", ".join("N" if d is None else str(d) for d in self.shape)
        return f"{self.name} {self.dtype} ({dims})"


def input_signature(graph: onnx.GraphProto) -> InputSignature:
    """The single input of ``graph``; initializers listed as inputs do not count.

    Raises:
        UnsupportedSignature: no input, several, or one that cannot carry a batch, or is huge.
    """
    stored = {t.name for t in graph.initializer} | {s.values.name for s in graph.sparse_initializer}
    inputs = [i for i in graph.input if i.name not in stored]
    if len(inputs) != 1:
        names = short(", ".join(quoted(i.name) for i in inputs) or "none")
        raise UnsupportedSignature(
            f"the model has {len(inputs)} inputs ({names}); relcheck feeds models with exactly one"
        )
    tensor = inputs[0].type.tensor_type
    name = inputs[0].name
    if tensor.elem_type not in _FLOATS:
        raise UnsupportedSignature(
            f"input {quoted(name)} is not a tensor of float32, float64, float16 or uint8"
        )
    if not tensor.HasField("shape") or not tensor.shape.dim:
        raise UnsupportedSignature(
            f"input {quoted(name)} has no batch dimension; give it a shape when exporting"
        )
    dims = tuple(d.dim_value if d.dim_value > 0 else None for d in tensor.shape.dim)
    if math.prod(d or 1 for d in dims) > limits.INPUT_ELEMENTS:
        raise UnsupportedSignature(f"input {quoted(name)} of shape {dims} is too large to be fed")
    return InputSignature(name, _FLOATS[tensor.elem_type], dims)
