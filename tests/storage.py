"""The ways in which an ONNX file can store its initializers."""

from pathlib import Path

import onnx
from onnx import helper, numpy_helper

from tests.support import save


def ordinary(proto: onnx.ModelProto, path: Path) -> Path:
    """Write ``proto`` as it is."""
    return save(proto, path)


def external(proto: onnx.ModelProto, path: Path) -> Path:
    """Write ``proto`` with all tensors in ``weights.bin``, other bytes before and between them."""
    data = b"?" * 100
    for tensor in proto.graph.initializer:
        raw = tensor.raw_data
        entries = {"location": "weights.bin", "offset": len(data), "length": len(raw)}
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=str(value))
        data += raw + b"!" * 28
    (path.parent / "weights.bin").write_bytes(data)
    return save(proto, path)


def as_inputs(proto: onnx.ModelProto, path: Path) -> Path:
    """Write ``proto`` with its initializers listed as graph inputs, as old files do."""
    for tensor in proto.graph.initializer:
        info = helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        proto.graph.input.append(info)
    return save(proto, path)


def in_typed_fields(proto: onnx.ModelProto, path: Path) -> Path:
    """Write ``proto`` with its values in typed fields."""
    for tensor in proto.graph.initializer:
        values = numpy_helper.to_array(tensor).reshape(-1).tolist()
        tensor.CopyFrom(
            helper.make_tensor(tensor.name, tensor.data_type, tensor.dims, values, raw=False)
        )
    return save(proto, path)
