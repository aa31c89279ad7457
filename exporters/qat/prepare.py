"""From a torch network to what its quantization-aware training needs."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from analyzer.errors import CannotQuantize
from analyzer.graph.index import index_of
from exporters.qat.folded import BatchNormOf, make_folded
from exporters.qat.placement import Placement, find_placement, is_bias
from exporters.qat.rounding import AVERAGING, SIGNED, SIGNED_REDUCED, UNSIGNED, make_rounding
from exporters.qat.table import check_known
from exporters.qat.traced import find_batchnorms
from exporters.qat.values import key
from exporters.quantize.prepare import prepared as as_quantizer_takes
from exporters.quantize.ptq import quantize_proto
from exporters.torch.torch_model import Shape, convert

if TYPE_CHECKING:
    import torch
    from torch import nn

IMAGES = 2
"""Random images that the quantizer is given: its ranges are replaced, its structure is kept."""

NOISE = 1e-6
"""Standard deviation of what is added to tensors of one number; below every rounding step."""

PRODUCTS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
TRAINED = {
    **dict.fromkeys(PRODUCTS, (1, 2)),
    "LayerNormalization": (1, 2),
    "BatchNormalization": (1, 2),
    "PRelu": (1,),
}
"""Operator -> inputs that training changes."""


@dataclass(frozen=True)
class Prepared:
    """A network before its quantization-aware training.

    Attributes:
        model: Its float ONNX form, BatchNorm folded.
        quantized: Its int8 form, of ranges that mean nothing yet.
        placement: Where the int8 form rounds.
        biases: Names of stored int32 tensors.
        norms: Convolution -> the BatchNorm behind it.
        tensors: float32 by name, of the torch network.
        reduce_range: True for weights of 7 bits.
        averaging: Weight of a new minimum or maximum in a range.
    """

    model: onnx.ModelProto
    quantized: onnx.ModelProto
    placement: Placement
    biases: frozenset[str]
    norms: Mapping[str, BatchNormOf]
    tensors: Mapping[str, torch.Tensor]
    reduce_range: bool
    averaging: float

    @property
    def ends(self) -> tuple[str, str]:
        """Names of the input and of the output."""
        return self.model.graph.input[0].name, self.model.graph.output[0].name

    def first_values(self) -> dict[str, str]:
        """Scale -> the first value that has it: the one that is observed."""
        order = [v.name for v in self.model.graph.input]
        order += [name for node in self.model.graph.node for name in node.output]
        first: dict[str, str] = {}
        for name in order:
            if name in self.placement.values:
                first.setdefault(self.placement.values[name].scale, name)
        return first

    def parameters(self) -> dict[str, torch.Tensor]:
        """Tensors of the float model that training changes, but for `folded`."""
        return {n: v for n, v in self._stored_values().items() if n in self._trained()}

    def buffers(self) -> dict[str, torch.Tensor]:
        """Tensors of the float model that stay, or follow the images."""
        return {n: v for n, v in self._stored_values().items() if n not in self._trained()}

    def folded(self) -> dict[str, nn.Module]:
        """Convolutions with BatchNorm, by name."""
        return {
            key(name): make_folded(norm, dict(self.tensors)) for name, norm in self.norms.items()
        }

    def roundings(self) -> dict[str, nn.Module]:
        """Every rounding, by `key` of the name of its scale."""
        types = {t.name: t for t in self.quantized.graph.initializer}
        made: dict[str, nn.Module] = {}
        for rounding in self.placement.values.values():
            made[key(rounding.scale)] = make_rounding(
                UNSIGNED, symmetric=False, averaging=self.averaging
            )
        for stored in self.placement.stored.values():
            if stored.codes in self.biases:
                continue
            codes = types[stored.codes]
            if codes.data_type == TensorProto.UINT8:
                made[key(stored.scale)] = make_rounding(
                    UNSIGNED, symmetric=False, averaging=self.averaging
                )
            else:
                signed = SIGNED_REDUCED if self.reduce_range else SIGNED
                channels = 1 if stored.axis is None else int(codes.dims[stored.axis])
                made[key(stored.scale)] = make_rounding(
                    signed,
                    symmetric=True,
                    axis=stored.axis,
                    channels=channels,
                    averaging=self.averaging,
                )
        return made

    def _trained(self) -> set[str]:
        places = {
            node.input[place]
            for node in self.model.graph.node
            for place in TRAINED.get(node.op_type, ())
            if place < len(node.input)
        }
        return places | {name for name in self.tensors if self._is_parameter(name)}

    def _is_parameter(self, name: str) -> bool:
        value = self.tensors[name]
        return bool(getattr(value, "requires_grad", False))

    def _stored_values(self) -> dict[str, torch.Tensor]:
        """Initializers of the float model that no `folded` convolution holds."""
        import torch

        held = {
            name
            for node in self.model.graph.node
            if node.name in self.norms
            for name in node.input[1:]
        }
        found = {}
        for tensor in self.model.graph.initializer:
            if tensor.name not in held:
                array = np.array(numpy_helper.to_array(tensor))
                found[tensor.name] = torch.from_numpy(array)
        return found


def prepare(
    network: nn.Module,
    shape: Shape,
    metadata: Mapping[str, str],
    *,
    reduce_range: bool = False,
    averaging: float = AVERAGING,
) -> Prepared:
    """Export a network, quantize it, and note what training must know.

    Args:
        network: from float32 (N, C, H, W) to one tensor (N, ...); it is not changed.
        shape: C, H, W.
        metadata: entries of the ONNX model.
        reduce_range: weights of 7 bits, as ``relcheck quantize --reduce-range``.
        averaging: weight of a new minimum or maximum in a range, in (0, 1].

    Raises:
        BadNetwork: the network does not run on such an input.
        ExportFailed: it has no ONNX form.
        CannotQuantize: the quantizer, or the training, does not take it.
    """
    own = copy.deepcopy(network).cpu().float().eval()
    _tell_apart(own)
    pairs = find_batchnorms(own, shape)
    trained = {name for name, _ in own.named_parameters()}
    tensors = {
        name: value.detach().clone().float().requires_grad_(name in trained)
        for name, value in own.state_dict().items()
        if value.is_floating_point()
    }
    exported = convert(own, shape, metadata)
    feed = {
        exported.graph.input[0].name: np.random.default_rng(0)
        .standard_normal((IMAGES, *shape))
        .astype(np.float32)
    }
    model = as_quantizer_takes(exported, True, feed)
    check_known(node.op_type for node in model.graph.node)
    quantized = quantize_proto(model, [feed], reduce_range=reduce_range)
    placement = find_placement(model, quantized)
    index = index_of(quantized)
    biases = frozenset(s.codes for s in placement.stored.values() if is_bias(s, index))
    norms = _by_node(model, pairs, tensors)
    if not placement.stored:
        raise CannotQuantize("the network has no weight that the quantizer rounds")
    return Prepared(model, quantized, placement, biases, norms, tensors, reduce_range, averaging)


def _tell_apart(network: nn.Module) -> None:
    """Add noise to tensors of one number, in place.

    The exporter drops biases of 0 and stores equal tensors once. Both would be fixed for the whole
    training, so that fresh classifiers would have no bias.
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in [*network.parameters(), *network.buffers()]:
            if (
                value.is_floating_point()
                and value.numel() > 1
                and bool((value == value.view(-1)[0]).all())
            ):
                noise = torch.randn(value.shape, generator=generator)
                value.add_(NOISE * noise.abs())


def _by_node(
    model: onnx.ModelProto, pairs: Mapping[str, BatchNormOf], tensors: Mapping[str, torch.Tensor]
) -> dict[str, BatchNormOf]:
    """Node -> BatchNorm, for convolutions that alone read their weight."""
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        if node.op_type == "Conv" and len(node.input) > 2:
            readers.setdefault(node.input[1], []).append(node)
    return {
        nodes[0].name: pairs[weight]
        for weight, nodes in readers.items()
        if weight in pairs and len(nodes) == 1
    }
