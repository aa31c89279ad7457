"""The fault-free model: values of its tensors as the encoding holds them."""

import onnx

from analyzer.faults.elements import ElementType, Values, to_raw
from analyzer.faults.space import FaultSpace
from analyzer.model import Model


def golden_values(model: Model, space: FaultSpace) -> dict[str, Values]:
    """Fault-free values of each tensor in ``space``, as the encoding holds them.

    ``stored`` holds them as they are; a fixed-point memory holds them rounded to its grid.
    """
    values = model.values()
    return {t.name: t.codec.decode(t.codec.encode(values[t.name])) for t in space.tensors}


def golden_proto(model: Model, golden: dict[str, Values]) -> onnx.ModelProto:
    """A copy of the whole model whose initializers in ``golden`` hold those values."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    values, elements = golden_contents(model, golden)
    for tensor in proto.graph.initializer:
        if tensor.name in values:
            set_raw(tensor, to_raw(values[tensor.name], elements[tensor.name]))
    return proto


def golden_contents(
    model: Model, golden: dict[str, Values]
) -> tuple[dict[str, Values], dict[str, ElementType]]:
    """Values that are not in the model's message, or others there; and their element types."""
    at_risk = {t.name: t for t in model.inventory.at_risk}
    filed = model.file.spans if model.file else ()
    values = {name: at_risk[name].values for name in filed} | golden
    return values, {name: at_risk[name].element for name in values}


_TYPED_FIELDS = ("float_data", "double_data", "int32_data", "int64_data", "uint64_data")


def set_raw(tensor: onnx.TensorProto, raw: bytes) -> None:
    """Replace the data of ``tensor``, whichever field held it, by ``raw``."""
    for field in _TYPED_FIELDS:
        tensor.ClearField(field)
    tensor.raw_data = raw
