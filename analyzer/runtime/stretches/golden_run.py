"""One fault-free run, the values that passed the cuts in it, and where faulty runs begin."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy.typing as npt

from analyzer.answers import Answer

Arrays = Mapping[str, npt.NDArray[Any]]

V = TypeVar("V")
"""A value on its way from stretch to stretch: an array of the host, or a device's own."""


@dataclass(frozen=True, slots=True)
class GoldenRun(Generic[V]):
    """One fault-free run.

    Attributes:
        feeds: The arrays that were fed; kept, so that nothing else is ever found at their address.
        answer: The fault-free answer.
        values: Inputs, and what passed the cuts, by name.
    """

    feeds: tuple[npt.NDArray[Any], ...]
    answer: Answer
    values: Mapping[str, V]


@dataclass(frozen=True, slots=True)
class LateStart:
    """The place where a run under some pattern begins.

    Attributes:
        cut: Index of the kept cut.
        early_stop: True if all faults end before the next cut, so that the run may stop there:
            values that are golden again give the golden answer.
    """

    cut: int
    early_stop: bool


WHOLE = LateStart(0, early_stop=False)
"""A run from the first node."""
