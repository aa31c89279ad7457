"""The trained network as an int8 QDQ file: its integers, scales and zero points in their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from exporters.qat.deployed import stored_codes
from exporters.qat.steps import Plain, Stored
from exporters.qat.values import key
from exporters.quantize.ptq import keep_notes

if TYPE_CHECKING:
    from exporters.qat.prepare import Prepared

Arrays = dict[str, npt.NDArray[Any]]


def written(network: Any, prepared: Prepared) -> onnx.ModelProto:
    """The int8 model of a network.

    Args:
        network: of `exporters.qat.network.make_network`; it is not changed.
        prepared: what the network was made of.
    """
    import torch

    result = onnx.ModelProto()
    result.CopyFrom(prepared.quantized)
    with torch.no_grad():
        values = {**_plain(network), **_activations(network), **_stored(network)}
    for tensor in result.graph.initializer:
        if tensor.name in values:
            like = numpy_helper.to_array(tensor)
            value = np.asarray(values[tensor.name]).astype(like.dtype).reshape(like.shape)
            tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    del result.metadata_props[:]
    keep_notes(result, prepared.model)
    return result


def _activations(network: Any) -> Arrays:
    found: Arrays = {}
    for rounding in network.placement.values.values():
        module = network.roundings[key(rounding.scale)]
        found[rounding.scale] = module.scale.cpu().numpy()
        found[rounding.zero_point] = module.zero_point.cpu().numpy()
    return found


def _stored(network: Any) -> Arrays:
    found: Arrays = {}
    for step in network.steps:
        for given in step.inputs:
            if not isinstance(given, Stored):
                continue
            tensor = network.stored[given.codes]
            codes = stored_codes(network, step, given)
            zero = codes.zero_point.cpu().numpy()
            found[tensor.codes] = codes.codes.cpu().numpy() + _spread(zero, tensor.axis, codes)
            found[tensor.scale] = codes.scale.reshape(-1).cpu().numpy()
            if tensor.zero_point:
                found[tensor.zero_point] = np.broadcast_to(zero, codes.scale.reshape(-1).shape)
    return found


def _spread(zero: npt.NDArray[Any], axis: int | None, codes: Any) -> npt.NDArray[Any]:
    """Zero points in a shape that goes with the codes; those by channel are all 0."""
    return zero if axis is None else np.zeros((), codes.codes.cpu().numpy().dtype)


def _plain(network: Any) -> Arrays:
    """Tensors that the file stores as floats."""
    found: Arrays = {}
    for step in network.steps:
        folded = network.folded[key(step.name)].folded() if key(step.name) in network.folded else ()
        for place, given in enumerate(step.inputs):
            if isinstance(given, Plain):
                value = folded[place - 1] if folded else network.tensor(given.name)
                found[given.name] = value.detach().cpu().numpy()
    return found
