"""Steps of a fold: nodes that act on each channel alone, computed as ONNX Runtime computes them.

When it loads a file, ONNX Runtime folds such a node into the convolution before it, operation by
operation and in the type of the file. The same operations in the same order give the same bits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from analyzer.faults.elements import Values

Columns = Callable[[str], Values]
"""The contents of a tensor for some channels: (channels, elements of each)."""


class Step(Protocol):
    """A node that acts on each channel alone, and is folded into what stands before it."""

    @property
    def for_weight(self) -> tuple[str, ...]:
        """Names of the tensors that change the weights."""

    @property
    def for_bias(self) -> tuple[str, ...]:
        """Names of the tensors that change the bias."""

    @property
    def summand(self) -> str | None:
        """The tensor that becomes the bias where there was none, if the step makes one."""

    def neutral(self, name: str, dtype: np.dtype[Any]) -> Values:
        """A number for one tensor under which the step changes nothing: shape ().

        Args:
            name: one of the step's tensors.
            dtype: its dtype.
        """

    def weight(self, before: Values, of: Columns) -> Values:
        """The weights behind the step.

        Args:
            before: the weights before it: (channels, elements of each).
            of: the contents of tensors for these channels.
        """

    def bias(self, before: Values | None, of: Columns) -> Values | None:
        """The bias behind the step.

        Args:
            before: the bias before it, (channels, 1); None: there is none.
            of: the contents of tensors for these channels.
        """


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """A batch normalization (ONNX Runtime's ConvBNFusion, and its NCHWc pass).

    Attributes:
        gamma: The factor.
        beta: The summand.
        mean: The mean that is subtracted.
        var: The variance.
        epsilon: What is added to the variance.
    """

    gamma: str
    beta: str
    mean: str
    var: str
    epsilon: float

    @property
    def for_weight(self) -> tuple[str, ...]:
        """As in `Step`."""
        return self.gamma, self.var

    @property
    def for_bias(self) -> tuple[str, ...]:
        """As in `Step`."""
        return self.gamma, self.beta, self.mean, self.var

    @property
    def summand(self) -> str | None:
        """As in `Step`."""
        return self.beta

    def neutral(self, name: str, dtype: np.dtype[Any]) -> Values:
        """As in `Step`."""
        if name != self.var:
            return np.asarray(name == self.gamma, dtype)
        # A variance whose root is exactly 1 once epsilon is added: the nearest one may miss it.
        guess = np.asarray(1 - self.epsilon, dtype)
        tried = [guess, np.nextafter(guess, dtype.type(0)), np.nextafter(guess, dtype.type(2))]
        return np.asarray(next((v for v in tried if self._deviation(v) == 1), guess), dtype)

    def weight(self, before: Values, of: Columns) -> Values:
        """As in `Step`."""
        return np.asarray(before * self._factor(of))

    def bias(self, before: Values | None, of: Columns) -> Values | None:
        """As in `Step`."""
        if before is None:
            return np.asarray(of(self.beta) - of(self.mean) * self._factor(of))
        return np.asarray((before - of(self.mean)) * self._factor(of) + of(self.beta))

    def _factor(self, of: Columns) -> Values:
        return np.asarray(of(self.gamma) / self._deviation(of(self.var)))

    def _deviation(self, var: Values) -> Values:
        # ONNX Runtime widens narrow floats for each operation; its epsilon is a float32.
        wide = np.promote_types(var.dtype, np.float32)
        shifted = (var.astype(wide) + wide.type(np.float32(self.epsilon))).astype(var.dtype)
        return np.asarray(np.sqrt(shifted))


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor by channel (ConvMulFusion).

    Attributes:
        factor: The tensor.
    """

    factor: str

    @property
    def for_weight(self) -> tuple[str, ...]:
        """As in `Step`."""
        return (self.factor,)

    @property
    def for_bias(self) -> tuple[str, ...]:
        """As in `Step`."""
        return (self.factor,)

    @property
    def summand(self) -> str | None:
        """As in `Step`."""
        return None

    def neutral(self, name: str, dtype: np.dtype[Any]) -> Values:
        """As in `Step`."""
        return np.asarray(1, dtype)

    def weight(self, before: Values, of: Columns) -> Values:
        """As in `Step`."""
        return np.asarray(before * of(self.factor))

    def bias(self, before: Values | None, of: Columns) -> Values | None:
        """As in `Step`."""
        return None if before is None else np.asarray(before * of(self.factor))


@dataclass(frozen=True, slots=True)
class Summand:
    """A summand by channel (ConvAddFusion).

    Attributes:
        summand: The tensor.
    """

    summand: str | None

    @property
    def for_weight(self) -> tuple[str, ...]:
        """As in `Step`."""
        return ()

    @property
    def for_bias(self) -> tuple[str, ...]:
        """As in `Step`."""
        return (str(self.summand),)

    def neutral(self, name: str, dtype: np.dtype[Any]) -> Values:
        """As in `Step`."""
        return np.asarray(0, dtype)

    def weight(self, before: Values, of: Columns) -> Values:
        """As in `Step`."""
        return before

    def bias(self, before: Values | None, of: Columns) -> Values | None:
        """As in `Step`."""
        added = of(str(self.summand))
        return added if before is None else np.asarray(before + added)
