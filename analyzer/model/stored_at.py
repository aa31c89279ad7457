"""Addresses of numbers in a model's message: a stored tensor, or the numbers of an attribute.

An address is a path of field names and positions, so that it holds in every copy of the message.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import onnx

Path = tuple[str | int, ...]
"""Field names and positions, from the outermost message inwards."""


class Form(StrEnum):
    """The field in which numbers stand."""

    TENSOR = "tensor"
    """The contents of a ``TensorProto``."""

    FLOATS = "floats"
    """The list of 32-bit floats of an attribute."""

    FLOAT = "f"
    """The one 32-bit float of an attribute."""


_TYPED_FIELDS = ("float_data", "double_data", "int32_data", "int64_data", "uint64_data")

_FLOATS_KEY, _FLOAT_KEY = b"\x3a", b"\x15"
"""Keys of ``AttributeProto.floats`` in packed form, and of ``f`` (Protocol Buffers, Encoding)."""


def set_raw(tensor: onnx.TensorProto, raw: bytes) -> None:
    """Replace the data of a tensor, whichever field holds it.

    Args:
        tensor: the tensor, changed in place.
        raw: its new contents as little-endian bytes.
    """
    for field in _TYPED_FIELDS:
        tensor.ClearField(field)
    tensor.raw_data = raw


@dataclass(frozen=True, slots=True)
class StoredAt:
    """The address of one stored tensor.

    Attributes:
        path: From a message to the tensor or the attribute within it.
        form: The field of the latter that holds the numbers.
    """

    path: Path
    form: Form

    def read(self, message: Any) -> onnx.TensorProto:
        """The numbers as a tensor; a copy where they stand in an attribute.

        Args:
            message: the message in which the path begins.
        """
        found = self._found(message)
        if self.form is Form.TENSOR:
            tensor: onnx.TensorProto = found
            return tensor
        raw = _raw(found, self.form)
        dims = [] if self.form is Form.FLOAT else [len(raw) // 4]
        return onnx.TensorProto(data_type=onnx.TensorProto.FLOAT, dims=dims, raw_data=raw)

    def write(self, message: Any, raw: bytes) -> None:
        """Replace the numbers.

        Args:
            message: the message in which the path begins, changed in place.
            raw: the new contents as little-endian bytes, as many as before.
        """
        found = self._found(message)
        if self.form is Form.TENSOR:
            set_raw(found, raw)
            return
        found.ClearField(self.form.value)
        # By way of Python's floats a signalling NaN would lose a bit.
        key = _FLOAT_KEY if self.form is Form.FLOAT else _FLOATS_KEY + _varint(len(raw))
        found.MergeFromString(key + raw)

    def _found(self, message: Any) -> Any:
        for step in self.path:
            message = message[step] if isinstance(step, int) else getattr(message, step)
        return message


def _raw(attribute: onnx.AttributeProto, form: Form) -> bytes:
    """The 32-bit floats of an attribute as the file's bytes, bit for bit."""
    alone = onnx.AttributeProto()
    alone.CopyFrom(attribute)
    for field, _ in attribute.ListFields():
        if field.name != form.value:
            alone.ClearField(field.name)
    # Every number is written as a key of one byte and four bytes of contents.
    coded = np.frombuffer(alone.SerializeToString(), np.uint8).reshape(-1, 5)
    return coded[:, 1:].tobytes()


def _varint(value: int) -> bytes:
    """Encode ``value`` in seven bits a byte, lowest first; all but the last have bit 7 set."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
