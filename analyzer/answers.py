"""What one run of a model is fed and what it returns: outputs, or a runtime error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Feeds = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run returned.

    Attributes:
        outputs: Every output, in the model's order.
        detected: Whether the memory's protection reported an error that it did not correct.
    """

    outputs: tuple[npt.NDArray[Any], ...]
    detected: bool = False

    def same_as(self, other: "Answer | Failure") -> bool:
        """Bit-identical, except that every NaN equals every other NaN."""
        return isinstance(other, Answer) and all(
            a.shape == b.shape and a.dtype == b.dtype and _same_bits(a, b)
            for a, b in zip(self.outputs, other.outputs, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """A run, or the loading of a faulty model, that ended in a runtime error.

    Attributes:
        message: What the runtime said.
        detected: Whether it was the memory's protection that ended it.
    """

    message: str
    detected: bool = False

    def same_as(self, other: "Answer | Failure") -> bool:
        """Two failures are the same outcome, whatever their texts say."""
        return isinstance(other, Failure)


Result = Answer | Failure


def _same_bits(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    if a.tobytes() == b.tobytes():
        return True
    if a.dtype.kind != "f":
        return False
    unsigned = np.dtype(f"uint{8 * a.dtype.itemsize}")
    nan = np.isnan(a) & np.isnan(b)
    return bool(np.all(nan | (a.view(unsigned) == b.view(unsigned))))
