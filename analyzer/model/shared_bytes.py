"""Tensors on the same bytes of external data, found before these are read into the model."""

import math
from collections.abc import Iterator
from pathlib import Path

import onnx

from analyzer.faults.sharing import Region, only_shared
from analyzer.model.constants import is_constant
from analyzer.model.element_types import BITS_OF
from analyzer.model.external import beside
from analyzer.model.nested import Nested, nested_tensors
from analyzer.model.stored_at import Form


def shared_regions(proto: onnx.ModelProto, path: Path) -> dict[str, Region]:
    """Places of the tensors that share bytes of external data with another one.

    Args:
        proto: the model, its external data not yet folded in.
        path: where it was read.

    Returns:
        The bytes of each, by the name that the inventory gives it.
    """
    found: dict[str, Region] = {}
    for name, tensor in _stored(proto):
        region = _region(tensor, path)
        if region is not None:
            found[name] = region
    return only_shared(found)


def _stored(proto: onnx.ModelProto) -> Iterator[tuple[str, onnx.TensorProto]]:
    yield from ((t.name, t) for t in proto.graph.initializer)
    for node in proto.graph.node:
        held = next(iter(node.attribute), None) if is_constant(node) else None
        if held is not None and held.HasField("t"):
            yield next(iter(node.output), ""), held.t
    for found in nested_tensors(proto):
        if isinstance(found, Nested) and found.at.form is Form.TENSOR:
            yield found.name, found.at.read(proto)


def _region(tensor: onnx.TensorProto, path: Path) -> Region | None:
    """The bytes of a tensor in its file; None if they are in the model, or cannot be told."""
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return None
    entries = {e.key: e.value for e in tensor.external_data}
    target = beside(path, entries.get("location", ""))
    bits = BITS_OF.get(tensor.data_type, 0) * math.prod(tensor.dims)
    offset = entries.get("offset", "0")
    if target is None or not bits or not offset.isdecimal():
        return None  # whoever reads the data refuses it, or there is none
    return Region(str(target), int(offset), int(offset) + math.ceil(bits / 8))
