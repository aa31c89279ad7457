"""The network that is trained: an exported ONNX model in torch, rounded where its int8 twin rounds.

In training mode it computes on floats, rounded to what codes stand for, and gradients pass. In
evaluation mode it computes on the codes themselves, as ONNX Runtime does with the written file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from exporters.qat.deployed import run_deployed
from exporters.qat.simulated import run_simulated
from exporters.qat.steps import Step, Stored, steps_of
from exporters.qat.values import key

if TYPE_CHECKING:
    import torch
    from torch import nn

    from exporters.qat.prepare import Prepared


def make_network(prepared: Prepared) -> nn.Module:
    """The trainable network of an exported model.

    Args:
        prepared: the model, its int8 twin, and what is known of the torch network.
    """
    import torch
    from torch import nn

    class QuantizedNetwork(nn.Module):  # type: ignore[misc, unused-ignore]
        """float32 (n, ...) images to float32 (n, ...) answers.

        Attributes:
            tensors: Weights, biases and constants by name ('.' is written '/').
            folded: Convolutions with the BatchNorm behind them, by the convolution's name.
            roundings: By the name of the stored scale: of activations, and of stored tensors.
            learning_batchnorm: True while BatchNorm normalizes by batches.
            observing: True while ranges are followed.
        """

        def __init__(self) -> None:
            super().__init__()
            self.steps: tuple[Step, ...] = steps_of(prepared.model, prepared.placement)
            self.input, self.output = prepared.ends
            self.placement = prepared.placement
            self.stored = {s.codes: s for s in prepared.placement.stored.values()}
            self.biases = prepared.biases
            self.trainable, self.fixed = prepared.parameters(), prepared.buffers()
            self.first = prepared.first_values()
            self.folded = nn.ModuleDict(prepared.folded())
            self.roundings = nn.ModuleDict(prepared.roundings())
            self.learning_batchnorm, self.observing = True, True
            for name, value in self.trainable.items():
                self.register_parameter(key(name), nn.Parameter(value))
            for name, value in self.fixed.items():
                self.register_buffer(key(name), value)

        def tensor(self, name: str) -> torch.Tensor:
            """A stored tensor of the float model."""
            found: torch.Tensor = getattr(self, key(name))
            return found

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """Run the network; in evaluation mode without gradient."""
            with torch.autocast(x.device.type, enabled=False):
                if self.training:
                    return run_simulated(self, x.float())
                with torch.no_grad():
                    return run_deployed(self, x.float())

        def freeze_batchnorm(self) -> None:
            """Normalize by running statistics from now on; ranges of weights begin anew."""
            if not self.learning_batchnorm:
                return
            self.learning_batchnorm = False
            for step in self.steps:
                given = step.inputs[1] if key(step.name) in self.folded else None
                if isinstance(given, Stored):
                    rounding = self.roundings[key(self.stored[given.codes].scale)]
                    rounding.restart()
                    rounding.observe(self.folded[key(step.name)].folded()[0])

        def restart_ranges(self) -> None:
            """Forget the ranges of activations: those of untrained BatchNorms mislead."""
            for rounding in self.placement.values.values():
                self.roundings[key(rounding.scale)].restart()

        def freeze_ranges(self) -> None:
            """Leave scales and zero points as they are from now on."""
            self.observing = False

        def calibrate(self, batches: Iterable[torch.Tensor]) -> None:
            """Observe ranges without training: where training begins.

            Args:
                batches: float32 (n, ...) images.
            """
            for batch in batches:
                self._simulated(batch, observing=True)

        def simulate(self, x: torch.Tensor) -> torch.Tensor:
            """Training's arithmetic with everything frozen, and without gradient."""
            return self._simulated(x, observing=False)

        def _simulated(self, x: torch.Tensor, observing: bool) -> torch.Tensor:
            state, self.observing = (self.learning_batchnorm, self.observing), observing
            self.learning_batchnorm = False
            try:
                with torch.no_grad():
                    return run_simulated(self, x.float())
            finally:
                self.learning_batchnorm, self.observing = state

        def get_extra_state(self) -> torch.Tensor:
            """The flags that say what is frozen, for checkpoints."""
            return torch.tensor([self.learning_batchnorm, self.observing])

        def set_extra_state(self, state: torch.Tensor) -> None:
            """Take over what is frozen."""
            self.learning_batchnorm, self.observing = (bool(flag) for flag in state)

    return QuantizedNetwork()
