"""Folds: tensors that ONNX Runtime multiplies and adds up, by channel, when it loads a file.

A convolution and the normalization, factor or summand behind it become one convolution with other
weights and another bias. A normalization without a convolution becomes one whose filters are single
numbers. Here the new values are computed as ONNX Runtime computes them (`fold_steps.py`). That they
are the same bits is not assumed: `fold_search.py` compares them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.faults.elements import Values
from analyzer.runtime.layout.decode import Place
from analyzer.runtime.layout.fold_steps import Columns, Step


class Part(StrEnum):
    """The stored tensor of the folded convolution."""

    WEIGHT = "weight"
    BIAS = "bias"


@dataclass(frozen=True, slots=True)
class Chain:
    """A convolution and the steps behind it, or one normalization without a convolution.

    Attributes:
        weight: The convolution's weights; None: there is no convolution.
        bias: Its bias, if it has one.
        steps: The steps, in the order of the graph.
        channels: Number of channels, which are folded one by one.
    """

    weight: str | None
    bias: str | None
    steps: tuple[Step, ...]
    channels: int

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

    def columns(self, contents: Values) -> Values:
        """The contents of one of the tensors, by channel: (channels, elements of each).

        One tensor may be part of several chains, in which its elements are of other channels.

        Args:
            contents: of any shape; the elements of one channel follow each other.
        """
        return contents.reshape(self.channels, -1)

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
        """A fold with the names of its tensors.

        Args:
            chain: the nodes that were folded.
            part: the part of the folded convolution.
            place: the place of the carrier's elements.
            carrier: name of the carrier.
        """
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
