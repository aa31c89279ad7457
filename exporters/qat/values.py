"""One run of a quantized network, in either arithmetic: the order of steps, and the scales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporters.qat.steps import Step, Stored, Value

if TYPE_CHECKING:
    import torch


def key(name: str) -> str:
    """A tensor's name as torch allows it for parameters and modules.

    >>> key("layer1.0.conv1.weight")
    'tensor:layer1/0/conv1/weight'
    """
    return f"tensor:{name.replace('.', '/')}"


class Values:
    """One run of a network: its values so far."""

    def __init__(self, network: Any) -> None:
        """Begin a run.

        Args:
            network: of `exporters.qat.network.make_network`.
        """
        self.network = network
        self.raw: dict[str, Any] = {}
        self.rounded: dict[str, Any] = {}

    def run(self, x: torch.Tensor) -> torch.Tensor:
        """The network's answers.

        Args:
            x: float32 (n, ...).
        """
        self._note(self.network.input, x)
        for step in self.network.steps:
            made = self.compute(step)
            outputs = made if isinstance(made, tuple | list) else (made,)
            for name, value in zip(step.outputs, outputs, strict=False):
                self._note(name, value)
            for name in step.done:
                self.raw.pop(name, None)
                self.rounded.pop(name, None)
        return self.answer(self.network.output)

    def compute(self, step: Step) -> Any:
        """The output of a node, or a tuple of several."""
        raise NotImplementedError

    def round_value(self, name: str, value: Any) -> Any:
        """A value in its rounded form.

        Args:
            name: of the value.
            value: as its node made it.
        """
        raise NotImplementedError

    def answer(self, name: str) -> torch.Tensor:
        """The network's output as floats."""
        found: torch.Tensor = self.rounded.get(name, self.raw.get(name))
        return found

    def _note(self, name: str, value: Any) -> None:
        self.raw[name] = value
        if name in self.network.placement.values:
            self.rounded[name] = self.round_value(name, value)

    def rounding_of(self, name: str) -> Any:
        """The rounding of an activation."""
        return self.network.roundings[key(self.network.placement.values[name].scale)]

    def first_of_range(self, name: str) -> bool:
        """True if no earlier value has the same scale: a pooled value has that of its input."""
        return bool(self.network.first[self.network.placement.values[name].scale] == name)

    def input_scale(self, step: Step) -> torch.Tensor:
        """The scale of what a product multiplies by its weight, ()."""
        given = step.inputs[0]
        assert isinstance(given, Value)
        scale: torch.Tensor = self.rounding_of(given.name).scale
        return scale

    def bias_scale(self, step: Step) -> torch.Tensor:
        """The scale of a bias: of the input times of the weights."""
        given = step.inputs[1]
        assert isinstance(given, Stored)
        weight = self.network.roundings[key(self.network.stored[given.codes].scale)]
        product: torch.Tensor = self.input_scale(step) * weight.scale
        return product

    def bias_of(self, step: Step) -> torch.Tensor | None:
        """The bias of a product, where it is stored as integers."""
        given = step.inputs[2] if len(step.inputs) > 2 else None
        if not isinstance(given, Stored) or given.codes not in self.network.biases:
            return None
        bias: torch.Tensor = self.network.tensor(self.network.stored[given.codes].source)
        return bias
