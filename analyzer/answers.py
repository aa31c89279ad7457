"""Feeds and results of one run of a model: outputs, or a runtime error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Feeds = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of one run that ended in outputs.

    Attributes:
        outputs: Every output, in the model's order; none where ``as_written``.
        detected: Whether the memory's protection found an error that it did not correct.
        as_written: Whether the memory's protection corrected every upset, so that the golden
            answer stands and nothing was run.
    """

    outputs: tuple[npt.NDArray[Any], ...]
    detected: bool = False
    as_written: bool = False

    def same_as(self, other: "Answer | Failure") -> bool:
        """Bit-identical, except that every NaN equals every other NaN; objects by value."""
        return isinstance(other, Answer) and all(
            same_values(a, b) for a, b in zip(self.outputs, other.outputs, strict=True)
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

Run = Callable[[Feeds], Result]
"""One run of a model, whatever is in force: inputs to answer."""


SMALL_ARRAY, COMPARED_AT_ONCE = 2**16, 2**20
"""Bytes up to which copies are compared, which is quicker; bytes of a larger array per step."""


def same_bytes(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Equal element type, shape and bytes: NaN equals the same NaN, and 0 is not -0.

    Args:
        one: any dtype, any shape.
        other: the array to compare with.

    >>> same_bytes(np.array([0.0]), np.array([-0.0]))
    False
    >>> same_bytes(np.array([np.nan]), np.array([np.nan]))
    True
    """
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.hasobject:  # the bytes are addresses
        return all(same_values(a, b) for a, b in zip(one.flat, other.flat, strict=True))
    if one.nbytes <= SMALL_ARRAY:
        return one.tobytes() == other.tobytes()
    # Step by step, because a comparison takes as much memory as the bytes that it compares.
    a, b = (np.ascontiguousarray(array).reshape(-1).view(np.uint8) for array in (one, other))
    steps = range(0, len(a), COMPARED_AT_ONCE)
    return all(
        np.array_equal(a[i : i + COMPARED_AT_ONCE], b[i : i + COMPARED_AT_ONCE]) for i in steps
    )


def same_values(one: Any, other: Any) -> bool:
    """Equal contents of arrays, maps, sequences, strings and numbers, however deep.

    Numbers are compared bit by bit, except that every NaN equals every other NaN.

    Args:
        one: an array, or what an array of objects holds.
        other: the value to compare with.

    >>> same_values({"cat": float("nan")}, {"cat": float("nan")}), same_values([0.0], [-0.0])
    (True, False)
    """
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return _same_numbers(one, other)
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same_values(v, other[k]) for k, v in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same_values, one, other))
    if isinstance(one, float | np.floating):
        return _same_numbers(np.asarray(one), np.asarray(other))
    return bool(one == other)


def _same_numbers(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    if same_bytes(a, b):
        return True
    if a.dtype != b.dtype or a.shape != b.shape or a.dtype.kind != "f":
        return False
    unsigned = np.dtype(f"uint{8 * a.dtype.itemsize}")
    nan = np.isnan(a) & np.isnan(b)
    return bool(np.all(nan | (a.view(unsigned) == b.view(unsigned))))
