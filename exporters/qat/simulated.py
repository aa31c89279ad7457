"""A training step's arithmetic: floats, rounded to what the codes of the file stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporters.qat.rounding import round_bias, wide_enough
from exporters.qat.steps import Input, Plain, Step, Stored, Value
from exporters.qat.table import KNOWN
from exporters.qat.values import Values, key

if TYPE_CHECKING:
    import torch


def run_simulated(network: Any, x: torch.Tensor) -> torch.Tensor:
    """Run a `exporters.qat.network` on floats, with gradients.

    Args:
        network: the network.
        x: float32 (n, ...).
    """
    return _Simulation(network).run(x)


class _Simulation(Values):
    """One run."""

    def round_value(self, name: str, value: Any) -> Any:
        """As in `Values`; its range follows it, if it is the first one of that range."""
        rounding = self.rounding_of(name)
        if self.network.observing and self.first_of_range(name):
            rounding.observe(value)
        return rounding(value)

    def compute(self, step: Step) -> Any:
        """The outputs of a node, absorbed ones included: they shape what the observers see."""
        if key(step.name) in self.network.folded:
            return self._convolution(step)
        if step.op_type == "BatchNormalization" and self.network.learning_batchnorm:
            return self._batchnorm(step)
        bias = self.bias_of(step)
        inputs = [self._read(step, place, bias) for place in range(len(step.inputs))]
        return KNOWN[step.op_type](step.attributes, *inputs)

    def _read(self, step: Step, place: int, bias: torch.Tensor | None) -> Any:
        given = step.inputs[place]
        if isinstance(given, Value):
            return self.rounded[given.name] if given.rounded else self.raw[given.name]
        if isinstance(given, Plain):
            return self.network.tensor(given.name)
        if isinstance(given, Stored):
            return self._stored(step, given, bias)
        return None

    def _stored(self, step: Step, given: Stored, bias: torch.Tensor | None) -> torch.Tensor:
        tensor = self.network.stored[given.codes]
        source = self.network.tensor(tensor.source)
        if given.codes in self.network.biases:
            return round_bias(source, self.bias_scale(step))
        return self._weight(step, given, source, bias)

    def _weight(
        self, step: Step, given: Stored, weight: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        rounding = self.network.roundings[key(self.network.stored[given.codes].scale)]
        if self.network.observing:
            rounding.observe(weight)
        if bias is not None:
            rounding.scale.copy_(wide_enough(rounding.scale, bias, self.input_scale(step)))
        rounded: torch.Tensor = rounding(weight)
        return rounded

    def _convolution(self, step: Step) -> torch.Tensor:
        """A convolution with the BatchNorm behind it."""
        folded = self.network.folded[key(step.name)]
        weight, bias = folded.folded()
        x, given = self._read(step, 0, None), step.inputs[1]
        convolve = KNOWN["Conv"]
        if self.network.learning_batchnorm:
            weight = folded.learning_weight()
        rounded = self._weight(step, given, weight, bias) if isinstance(given, Stored) else weight
        if self.network.learning_batchnorm:
            return folded.normalized(convolve(step.attributes, x, rounded))
        if self._is_stored(step.inputs[2]):
            bias = round_bias(bias, self.bias_scale(step))
        return convolve(step.attributes, x, rounded, bias)

    def _is_stored(self, given: Input) -> bool:
        return isinstance(given, Stored)

    def _batchnorm(self, step: Step) -> torch.Tensor:
        """A BatchNorm that no convolution takes in, by the batch's statistics."""
        from torch.nn import functional

        x, scale, shift, mean, variance = (self._read(step, place, None) for place in range(5))
        return functional.batch_norm(
            x,
            mean,
            variance,
            scale,
            shift,
            training=True,
            momentum=1.0 - step.attributes.get("momentum", 0.9),
            eps=step.attributes.get("epsilon", 1e-5),
        )
