"""A model without the contents of its large tensors: all else that it says, in little memory."""

from collections.abc import Callable

import onnx
from google.protobuf.message import Message

DATA = (
    *("raw_data", "float_data", "double_data", "int32_data", "int64_data", "uint64_data"),
    "string_data",
)
"""Fields of a tensor that hold its contents."""


def without_data(
    proto: onnx.ModelProto, empty: Callable[[onnx.TensorProto], bool]
) -> onnx.ModelProto:
    """A copy of a model without the contents of some initializers.

    Args:
        proto: the model.
        empty: says of an initializer whether its contents are left out.
    """
    copy = onnx.ModelProto()
    _copy(proto, copy, ("graph",))
    _copy(proto.graph, copy.graph, ("initializer",))
    for tensor in proto.graph.initializer:
        _copy(tensor, copy.graph.initializer.add(), DATA if empty(tensor) else ())
    return copy


def _copy(source: Message, target: Message, left_out: tuple[str, ...]) -> None:
    """Copy field by field: to copy all and clear some would keep the memory of both."""
    for field, value in source.ListFields():
        if field.name in left_out:
            continue
        if isinstance(value, Message):
            getattr(target, field.name).CopyFrom(value)
        elif isinstance(value, str | bytes | int | float):
            setattr(target, field.name, value)
        else:
            getattr(target, field.name).extend(value)
