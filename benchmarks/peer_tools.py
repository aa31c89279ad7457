"""How a user of PyTorchFI 0.6.0 and of MRFI 2.1.0 flips bits of float32 weights (needs torch).

Neither hides the cost of a fault, and neither is helped or hindered here beyond what its own
interface asks for: models are in evaluation mode, on one thread, without gradients.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch
    from torch import nn

WORD = 32
"""Bits of a float32."""


class Peer(Protocol):
    """Another tool, with a network and a batch."""

    def trial(self, layers: Sequence[int]) -> torch.Tensor:
        """Infer with one random flipped bit in the weights of each layer that is listed.

        Args:
            layers: Indices among the convolutions and fully connected layers.

        Returns:
            What the faulty network makes of the batch.
        """

    def network(self) -> nn.Module:
        """The network that the last trial ran, with its faults."""


def layers_of(network: nn.Module) -> list[nn.Module]:
    """Convolutions and fully connected layers, in the order in which both tools number them."""
    from torch import nn

    return [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


class PyTorchFi:
    """Weight injection by `declare_weight_fi`, which copies the network for every fault pattern.

    The package has no bit flip for weights: its error models set a random value, or zero. It takes
    a function of the weights and the place instead, and that function flips the bit.
    """

    def __init__(self, network: nn.Module, inputs: torch.Tensor) -> None:
        from pytorchfi.core import fault_injection
        from torch import nn

        self._inputs = inputs
        self._tool = fault_injection(
            network,
            len(inputs),
            input_shape=list(inputs.shape[1:]),
            layer_types=[nn.Conv2d, nn.Linear],
            use_cuda=False,
        )
        self._random = random.Random(0)
        self._faulty = network

    def trial(self, layers: Sequence[int]) -> torch.Tensor:
        """Declare the faults, which returns a faulty copy; run it."""
        import torch

        places = [self._place(layer) for layer in layers]
        k, dim1, dim2, dim3 = (list(column) for column in zip(*places, strict=True))
        self._faulty = self._tool.declare_weight_fi(
            function=self._flip, layer_num=list(layers), k=k, dim1=dim1, dim2=dim2, dim3=dim3
        )
        with torch.no_grad():
            return self._faulty(self._inputs)

    def network(self) -> nn.Module:
        """The copy of the last trial."""
        return self._faulty

    def _place(self, layer: int) -> list[int | None]:
        """One weight of a layer; fully connected ones have no third and fourth dimension."""
        shape = self._tool.get_weights_size(layer)
        found: list[int | None] = [self._random.randrange(size) for size in shape]
        return found + [None] * (4 - len(found))

    def _flip(self, weight: torch.Tensor, place: tuple[int | None, ...]) -> torch.Tensor:
        import torch

        bit = self._random.randrange(WORD)
        value = weight[place].detach().clone()
        word = value.view(torch.int32)
        word ^= (1 << bit) - (1 << WORD if bit == WORD - 1 else 0)
        return value


class Mrfi:
    """Weight injection by hooks, which restore and fault the weights before every layer runs.

    The number of faults is set per layer, as the documentation of `RandomPositionByNumber` has it.
    Layers that get none stay enabled with the number 0: a layer that is disabled keeps the faults
    of the trial before.
    """

    CONFIG = """
faultinject:
  - type: weight
    name: [weight]
    enabled: True
    selector:
      method: RandomPositionByNumber
      n: 0
    error_mode:
      method: FloatRandomBitFlip
      floattype: float32
    module_type: [Conv2d, Linear]
"""

    def __init__(self, network: nn.Module, inputs: torch.Tensor) -> None:
        from mrfi import MRFI, EasyConfig

        self._inputs, self._network = inputs, copy.deepcopy(network)
        self._tool = MRFI(self._network, EasyConfig.load_string(self.CONFIG))
        self._numbers = self._tool.get_weights_configs(
            "selector.args", module_type=["Conv2d", "Linear"]
        )

    def trial(self, layers: Sequence[int]) -> torch.Tensor:
        """Say how many faults each layer gets; run."""
        numbers = [0] * len(self._numbers)
        for layer in layers:
            numbers[layer] += 1
        self._numbers.n = numbers
        return self._tool(self._inputs)

    def network(self) -> nn.Module:
        """The network, with the faults of the last trial."""
        return self._network


TOOLS: dict[str, type[PyTorchFi] | type[Mrfi]] = {"pytorchfi": PyTorchFi, "mrfi": Mrfi}


def flipped_bits(golden: nn.Module, faulty: nn.Module) -> int:
    """In how many bits the parameters of two networks differ."""
    import torch

    count = 0
    for a, b in zip(golden.parameters(), faulty.parameters(), strict=True):
        changed = a.detach().view(torch.int32) ^ b.detach().view(torch.int32)
        count += sum(
            int(word).bit_count() for word in (changed[changed != 0] & 0xFFFFFFFF).tolist()
        )
    return count
