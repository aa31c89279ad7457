"""Numbers of elements: which element of which tensor a probe's digits speak of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analyzer.faults.elements import Values
from analyzer.model import AtRisk
from analyzer.runtime.layout.probe_values import NUMBER_LIMIT, Numbers, digit_values, parts


@dataclass(frozen=True, slots=True)
class Numbering:
    """Numbers of the elements of one type.

    Attributes:
        tensors: In the order of their numbers.
        starts: int64 (tensors + 1,), the first number of each, and one beyond the last.
    """

    tensors: list[AtRisk]
    starts: Numbers

    @staticmethod
    def of(tensors: list[AtRisk]) -> "Numbering":
        """Number the elements of ``tensors``, one tensor behind the other."""
        sizes = [0, *(t.values.size for t in tensors)]
        return Numbering(tensors, np.cumsum(sizes, dtype=np.int64))

    def contents(self, digit: int) -> dict[str, Values]:
        """Probe contents of every tensor of this type."""
        return {
            t.name: digit_values(t.element, int(start), t.values.size, digit).reshape(
                t.values.shape
            )
            for t, start in zip(self.tensors, self.starts[:-1], strict=True)
        }

    def span(self, numbers: Numbers) -> "TensorRange":
        """The tensors from the first to the last that ``numbers`` tell of; -1 tells of none."""
        some = (numbers[part] for part in parts(len(numbers)))
        lowest = min(int(np.where(n < 0, NUMBER_LIMIT, n).min()) for n in some)
        if lowest == NUMBER_LIMIT:
            return TensorRange(self, 0, 0)
        ends = np.searchsorted(self.starts, (lowest, numbers.max()), side="right")
        return TensorRange(self, int(ends[0]) - 1, int(ends[1]))


@dataclass(frozen=True, slots=True)
class TensorRange:
    """Consecutive tensors of a numbering: what one slot can hold of a large model."""

    numbering: Numbering
    first: int
    stop: int

    @property
    def tensors(self) -> list[AtRisk]:
        """The tensors."""
        return self.numbering.tensors[self.first : self.stop]

    @property
    def start(self) -> int:
        """Number of their first element."""
        return int(self.numbering.starts[self.first])

    def joined(self, contents: Callable[[AtRisk], Values]) -> Values:
        """Their contents, laid end to end; at least one element, so that it can be indexed."""
        if len(self.tensors) == 1:
            return contents(self.tensors[0]).reshape(-1)
        zero = np.zeros(1, self.numbering.tensors[0].values.dtype)
        return np.concatenate([*(contents(t).reshape(-1) for t in self.tensors), zero])
