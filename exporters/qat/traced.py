"""The BatchNorm behind each convolution, by torch's own trace of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporters.qat.folded import BatchNormOf
from exporters.quiet import quiet

if TYPE_CHECKING:
    from torch import nn

BATCH = 2
TARGETS = ("conv1d.default", "conv2d.default", "conv3d.default", "convolution.default")


def find_batchnorms(network: nn.Module, shape: tuple[int, int, int]) -> dict[str, BatchNormOf]:
    """Weight of a convolution -> the BatchNorm that alone reads its result.

    Args:
        network: in evaluation mode.
        shape: C, H, W of the input.

    Returns:
        Nothing for a network that torch cannot trace, which its export will tell better.
    """
    import torch

    try:
        with quiet():
            program = torch.export.export(network, (torch.zeros(BATCH, *shape),))
    except Exception:  # whatever its tracing raises; the export that follows has the sentences
        return {}
    names = dict(program.graph_signature.inputs_to_parameters)
    names |= program.graph_signature.inputs_to_buffers
    momenta = _momenta(network)
    found = {}
    for node in program.graph.nodes:
        pair = _pair(node, names, momenta)
        if pair is not None:
            found[pair.weight] = pair
    return found


def _momenta(network: nn.Module) -> dict[str, float]:
    """Name of a BatchNorm's weight -> its momentum; torch's default where it has none."""
    from torch.nn.modules.batchnorm import _BatchNorm

    return {
        f"{name}.weight": module.momentum or 0.1
        for name, module in network.named_modules()
        if isinstance(module, _BatchNorm)
    }


def _pair(node: Any, names: dict[str, str], momenta: dict[str, float]) -> BatchNormOf | None:
    """The convolution and BatchNorm that end in ``node``; None if it is no such BatchNorm."""
    if node.op != "call_function" or not str(node.target).startswith("aten.batch_norm"):
        return None
    source, *stored = node.args[:5]
    if str(getattr(source, "target", "")).removeprefix("aten.") not in TARGETS:
        return None
    weight, bias = source.args[1], source.args[2] if len(source.args) > 2 else None
    parts = [names.get(getattr(part, "name", "")) for part in (weight, *stored)]
    if len(source.users) != 1 or None in parts:
        return None
    bias_name = None if bias is None else names.get(bias.name)
    if bias is not None and bias_name is None:
        return None
    kernel, scale, shift, mean, variance = (str(part) for part in parts)
    epsilon = float(node.args[7])
    momentum = momenta.get(scale, 0.1)
    return BatchNormOf(kernel, bias_name, scale, shift, mean, variance, epsilon, momentum)
