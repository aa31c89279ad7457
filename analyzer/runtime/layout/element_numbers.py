"""Numbers of elements: each number that probes tell stands for one element of one tensor."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analyzer.faults.elements import Values
from analyzer.model import AtRisk
from analyzer.runtime.layout.probe_values import NUMBER_LIMIT, Numbers, digit_values, parts


@dataclass(frozen=True, slots=True)
class Numbering:
    """Consecutive numbers of the elements of all tensors of one element type.

    Attributes:
        tensors: The tensors in the order of their numbers.
        starts: int64 (tensors + 1,), the first number of each tensor, and one beyond the last.
    """

    tensors: list[AtRisk]
    starts: Numbers

    @staticmethod
    def of(tensors: list[AtRisk]) -> "Numbering":
        """Number the elements of ``tensors``, one tensor after the other, from 0."""
        sizes = [0, *(t.values.size for t in tensors)]
        return Numbering(tensors, np.cumsum(sizes, dtype=np.int64))

    def contents(self, digit: int) -> dict[str, Values]:
        """Probe contents of each tensor, in its dtype and shape: a digit of each element's number.

        Args:
            digit: 0 for the least significant digit.
        """
        return {
            t.name: digit_values(t.element, int(start), t.values.size, digit).reshape(
                t.values.shape
            )
            for t, start in zip(self.tensors, self.starts[:-1], strict=True)
        }

    def span(self, numbers: Numbers) -> "TensorRange":
        """The tensors from the first to the last whose elements are among ``numbers``.

        Args:
            numbers: int (n,), element numbers; -1 is no element's.
        """
        some = (numbers[part] for part in parts(len(numbers)))
        lowest = min(int(np.where(n < 0, NUMBER_LIMIT, n).min()) for n in some)
        if lowest == NUMBER_LIMIT:
            return TensorRange(self, 0, 0)
        # A slot holds few of the tensors of a large model: only their contents are joined later.
        ends = np.searchsorted(self.starts, (lowest, numbers.max()), side="right")
        return TensorRange(self, int(ends[0]) - 1, int(ends[1]))


@dataclass(frozen=True, slots=True)
class TensorRange:
    """Consecutive tensors of a numbering.

    Attributes:
        numbering: The numbering.
        first: Index of the first tensor.
        stop: Index behind the last tensor.
    """

    numbering: Numbering
    first: int
    stop: int

    @property
    def tensors(self) -> list[AtRisk]:
        """The tensors."""
        return self.numbering.tensors[self.first : self.stop]

    @property
    def start(self) -> int:
        """The number of the first tensor's first element."""
        return int(self.numbering.starts[self.first])

    def joined(self, contents: Callable[[AtRisk], Values]) -> Values:
        """The contents of all tensors end to end, flat, and never empty, so that 0 is an index."""
        if len(self.tensors) == 1:
            return contents(self.tensors[0]).reshape(-1)
        zero = np.zeros(1, self.numbering.tensors[0].values.dtype)
        return np.concatenate([*(contents(t).reshape(-1) for t in self.tensors), zero])
