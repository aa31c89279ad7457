"""The fault-free model: values of its tensors as the encoding holds them."""

import onnx

from analyzer.answers import same_bytes
from analyzer.faults.elements import ElementType, Values, to_raw
from analyzer.faults.space import FaultSpace
from analyzer.model import Model
from analyzer.model.stored_at import set_raw


def golden_values(model: Model, space: FaultSpace) -> dict[str, Values]:
    """Fault-free values of each tensor in ``space``, by name, in the tensor's dtype and shape.

    The encoding ``stored`` holds values as they are; a fixed-point memory holds them rounded to its
    grid.

    Args:
        model: the model.
        space: the bits at risk, with the encoding of each tensor.
    """
    values = model.values()
    return {t.name: t.codec.decode(t.codec.encode(values[t.name])) for t in space.members}


def golden_proto(model: Model, golden: dict[str, Values]) -> onnx.ModelProto:
    """A copy of the whole model with golden values in its stored tensors.

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
    put_nested(proto, model, values)
    return proto


def put_nested(proto: onnx.ModelProto, model: Model, values: dict[str, Values]) -> None:
    """Write values that are stored elsewhere than in the main graph's initializers.

    Args:
        proto: a copy of the model's message, changed in place.
        model: the model.
        values: by tensor; tensors that are not named stay as they are.
    """
    for tensor in model.inventory.at_risk:
        if tensor.at is not None and tensor.name in values:
            tensor.at.write(proto, to_raw(values[tensor.name], tensor.element))


def with_nested(model: Model, values: dict[str, Values]) -> onnx.ModelProto:
    """The model's message with golden values in the tensors that no probe reaches.

    Args:
        model: the model.
        values: golden values by tensor.

    Returns:
        The message itself where nothing differs.
    """
    nested = [t for t in model.inventory.at_risk if t.at is not None and t.name in values]
    if all(same_bytes(t.values, values[t.name]) for t in nested):
        return model.proto
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    put_nested(proto, model, values)
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
