"""Folds: tensors that ONNX Runtime multiplies and adds up, by channel, when it loads a file.

A convolution and the normalization, factor or summand behind it become one convolution with other
weights and another bias. A normalization without a convolution becomes one whose filters are single
numbers. Here the new values are computed as ONNX Runtime does it, operation by operation. Whether
they are the same bits is not assumed: `fold_search.py` compares them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from analyzer.faults.elements import Values
from analyzer.runtime.layout.decode import Place

Columns = Callable[[str], Values]
"""The contents of a tensor for some channels: (channels, elements of each)."""


class Part(StrEnum):
    """The stored tensor of the folded convolution."""

    WEIGHT = "weight"
    BIAS = "bias"


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


@dataclass(frozen=True, slots=True)
class Chain:
    """A convolution and the steps behind it, or one normalization without a convolution.

    Attributes:
        weight: The convolution's weights; None: there is no convolution.
        bias: Its bias, if it has one.
        steps: The steps, in the order of the graph.
    """

    weight: str | None
    bias: str | None
    steps: tuple[Step, ...]

    def carrier(self, part: Part) -> str | None:
        """The tensor that stands in a part as it is if all other tensors are neutral."""
        if part is Part.WEIGHT:
            return self.weight or self.steps[0].for_weight[0]
        return self.bias or next((s.summand for s in self.steps if s.summand), None)

    def tensors(self, part: Part) -> frozenset[str]:
        """Names of the tensors that a part depends on."""
        own = self.weight if part is Part.WEIGHT else self.bias
        of_steps = (s.for_weight if part is Part.WEIGHT else s.for_bias for s in self.steps)
        return frozenset({*([own] if own else []), *(name for names in of_steps for name in names)})

    def neutral(self, dtype: Callable[[str], np.dtype[Any]]) -> Iterator[tuple[str, Values]]:
        """Each tensor that carries nothing, with a neutral number of its dtype, shape ().

        Args:
            dtype: gives the dtype of a tensor.
        """
        carriers = {self.carrier(part) for part in Part}
        for step in self.steps:
            for name in {*step.for_weight, *step.for_bias} - carriers:
                yield name, step.neutral(name, dtype(name))


@dataclass(frozen=True, slots=True)
class Fold:
    """One initializer of the optimized graph that is computed from several stored tensors.

    Attributes:
        chain: The nodes that were folded.
        part: The part of the folded convolution.
        place: The place of the elements of the part's carrier, which the new values take.
        carrier: Name of the carrier.
        tensors: Names of the tensors that it depends on.
    """

    chain: Chain
    part: Part
    place: Place
    carrier: str
    tensors: frozenset[str]

    @staticmethod
    def of(chain: Chain, part: Part, place: Place, carrier: str) -> "Fold":
        """A fold of ``part`` of ``chain``, whose carrier's elements stand at ``place``."""
        return Fold(chain, part, place, carrier, chain.tensors(part))

    @property
    def slot(self) -> str:
        """Name of the initializer."""
        return self.place.slot

    def values(self, of: Columns) -> Values:
        """New values, in the dtype of the file: (channels, elements of each).

        Args:
            of: the contents of tensors for some channels.
        """
        chain = self.chain
        with np.errstate(all="ignore"):  # infinity and NaN are contents, too
            if self.part is Part.WEIGHT:
                found = of(chain.weight) if chain.weight else np.ones_like(of(self.carrier))
                for step in chain.steps:
                    found = step.weight(found, of)
                return found
            bias = of(chain.bias) if chain.bias else None
            for step in chain.steps:
                bias = step.bias(bias, of)
            assert bias is not None, "a part without a carrier is no fold"
            return bias

    def positions(self, elements: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Flat positions in the initializer: int64 (n,).

        Args:
            elements: int64 (n,), flat indices of elements of the carrier.
        """
        return elements if self.place.positions is None else self.place.positions.at(elements)
