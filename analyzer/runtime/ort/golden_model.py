"""The fault-free model: values of its tensors as the encoding holds them."""

import onnx

from analyzer.faults.elements import ElementType, Values, to_raw
from analyzer.faults.space import FaultSpace
from analyzer.model import Model


def golden_values(model: Model, space: FaultSpace) -> dict[str, Values]:
    """Fault-free values of each tensor in ``space``, by name, in the tensor's dtype and shape.

    The encoding ``stored`` holds values as they are; a fixed-point memory holds them rounded to its
    grid.

    Args:
        model: the model.
        space: the bits at risk, with the encoding of each tensor.
    """
    values = model.values()
    return {t.name: t.codec.decode(t.codec.encode(values[t.name])) for t in space.tensors}


def golden_proto(model: Model, golden: dict[str, Values]) -> onnx.ModelProto:
    """A copy of the whole model with golden values in its initializers.

    Args:
        model: the model.
        golden: fault-free values by tensor, where they differ from those of the model's file.
    """
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
    """Values to put into the model's message, by tensor, and their element types.

    These are the tensors whose data are in a file beside the message, and those in ``golden``.

    Args:
        model: the model.
        golden: fault-free values by tensor, where they differ from those of the model's file.
    """
    at_risk = {t.name: t for t in model.inventory.at_risk}
    filed = model.file.spans if model.file else ()
    values = {name: at_risk[name].values for name in filed} | golden
    return values, {name: at_risk[name].element for name in values}


_TYPED_FIELDS = ("float_data", "double_data", "int32_data", "int64_data", "uint64_data")


def set_raw(tensor: onnx.TensorProto, raw: bytes) -> None:
    """Replace the data of ``tensor``, whichever field holds it, by the bytes ``raw``."""
    for field in _TYPED_FIELDS:
        tensor.ClearField(field)
    tensor.raw_data = raw
