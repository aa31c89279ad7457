"""The written file's arithmetic in torch: integers, as ONNX Runtime's kernels add them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from exporters.qat.integers import Codes, Pending, add, global_average, multiply, product, to_codes
from exporters.qat.rounding import bias_codes
from exporters.qat.steps import Input, Plain, Step, Stored, Value
from exporters.qat.table import KNOWN
from exporters.qat.values import Values, key

if TYPE_CHECKING:
    import torch

CHANNELS = {"Conv": 1, "Gemm": -1, "MatMul": -1}
"""Operators that multiply integers -> axis of the output channels in their results."""

PAIRS = {"Add": add, "Mul": multiply}
"""Operators that combine two values element by element on codes."""


def run_deployed(network: Any, x: torch.Tensor) -> torch.Tensor:
    """Run a `exporters.qat.network` as its file would be run.

    Args:
        network: the network.
        x: float32 (n, ...).
    """
    return _Deployment(network).run(x)


def stored_codes(network: Any, step: Step, given: Stored) -> Codes:
    """The integers that the file holds for an input of a node.

    Args:
        network: the network.
        step: the node.
        given: its input.
    """
    tensor = network.stored[given.codes]
    values = Values(network)
    if given.codes in network.biases:
        scale = values.bias_scale(step)
        codes = bias_codes(_source(network, step, given).double(), scale.double())
        return Codes(codes, scale, scale.new_zeros(()), 0.0)
    rounding = network.roundings[key(tensor.scale)]
    weight = _source(network, step, given)
    scale = rounding.broadcast(rounding.scale, weight.ndim)
    zero = rounding.zero_point.float()
    return Codes(rounding.codes(weight), scale, zero, float(rounding.high - rounding.low))


def _source(network: Any, step: Step, given: Stored) -> torch.Tensor:
    """The float form of a stored tensor: with BatchNorm in it, where one follows."""
    found: torch.Tensor
    if key(step.name) in network.folded and given in step.inputs[1:3]:
        found = network.folded[key(step.name)].folded()[step.inputs.index(given) - 1]
    else:
        found = network.tensor(network.stored[given.codes].source)
    return found


class _Deployment(Values):
    """One run."""

    def round_value(self, name: str, value: Any) -> Codes:
        """As in `Values`: its codes."""
        return to_codes(value, self.rounding_of(name))

    def answer(self, name: str) -> torch.Tensor:
        """The output, from its codes if it has some."""
        return _floats(super().answer(name))

    def compute(self, step: Step) -> Any:
        """The outputs of a node, on codes where ONNX Runtime has a kernel for codes."""
        if step.absorbed:
            given = step.inputs[0]
            assert isinstance(given, Value)
            return self.raw[given.name]
        inputs = [self._read(step, given) for given in step.inputs]
        pending = _on_codes(step, inputs)
        if pending is not None:
            return pending
        return KNOWN[step.op_type](step.attributes, *(_floats(value) for value in inputs))

    def _read(self, step: Step, given: Input) -> Any:
        if isinstance(given, Value):
            return self.rounded[given.name] if given.rounded else self.raw[given.name]
        if isinstance(given, Stored):
            return stored_codes(self.network, step, given)
        if isinstance(given, Plain):
            return self._plain(step, given)
        return None

    def _plain(self, step: Step, given: Plain) -> torch.Tensor:
        """A tensor that the file stores as floats; BatchNorm may be folded into it."""
        found: torch.Tensor
        if key(step.name) in self.network.folded and step.op_type == "Conv":
            found = self.network.folded[key(step.name)].folded()[step.inputs.index(given) - 1]
        else:
            found = self.network.tensor(given.name)
        return found


def _floats(value: Any) -> Any:
    return value.floats() if isinstance(value, Codes | Pending) else value


def _on_codes(step: Step, inputs: list[Any]) -> Pending | None:
    """The result of a node whose inputs are all codes; None where no integer kernel takes it."""
    if not all(isinstance(value, Codes) for value in inputs if value is not None):
        return None
    if step.op_type in PAIRS:
        return PAIRS[step.op_type](*inputs)
    if _is_global(step, inputs[0]):
        return global_average(inputs[0])
    if step.op_type not in CHANNELS or not _plain_product(step):
        return None
    bias = inputs[2].codes if len(inputs) > 2 and inputs[2] is not None else None
    run = partial(KNOWN[step.op_type], step.attributes)
    if step.op_type == "MatMul":
        return product(inputs[0], inputs[1], None, lambda x, w, _: run(x, w), -1)
    return product(inputs[0], inputs[1], bias, run, CHANNELS[step.op_type])


def _is_global(step: Step, x: Codes) -> bool:
    """True for the mean of whole images, which ONNX Runtime also takes for a pooling so wide."""
    if step.op_type == "AveragePool":
        whole = list(x.codes.shape[2:]) == list(step.attributes["kernel_shape"])
        return whole and not any(step.attributes.get("pads", ()))
    return step.op_type == "GlobalAveragePool"


def _plain_product(step: Step) -> bool:
    return all(step.attributes.get(name, 1.0) == 1.0 for name in ("alpha", "beta"))
