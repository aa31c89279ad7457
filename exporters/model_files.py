"""The bytes of a model file; weights go into a second file where one cannot hold them all."""

from collections.abc import Iterator
from pathlib import Path

import onnx

PROTOBUF_BYTES = 2**31 - 1
"""Most bytes of one protocol buffer."""

SMALL = 1024
"""Tensors of fewer bytes stay in the model file: shapes must be readable without the other."""


def files_of(
    proto: onnx.ModelProto, path: Path, most: int = PROTOBUF_BYTES
) -> Iterator[tuple[Path, bytes]]:
    """The files that a model is saved as; a file of data comes before the file that relies on it.

    Args:
        proto: the model, all its data within.
        path: of the model file.
        most: bytes that the model file may have.

    Yields:
        Path and content: a ``.data`` file where one is needed, then the model file.
    """
    if proto.ByteSize() <= most:
        yield path, proto.SerializeToString(deterministic=True)
        return
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    target = path.with_name(f"{path.name}.data")
    data = bytearray()
    for tensor in copy.graph.initializer:
        if len(tensor.raw_data) >= SMALL:
            _move(tensor, data, target.name)
    yield target, bytes(data)
    yield path, copy.SerializeToString(deterministic=True)


def _move(tensor: onnx.TensorProto, data: bytearray, location: str) -> None:
    """Append the bytes of ``tensor`` to ``data`` and leave their place behind."""
    place = {"location": location, "offset": len(data), "length": len(tensor.raw_data)}
    for key, value in place.items():
        tensor.external_data.add(key=key, value=str(value))
    tensor.data_location = onnx.TensorProto.EXTERNAL
    data += tensor.raw_data
    tensor.ClearField("raw_data")
