"""One fault-free run, and what passed the cuts of the graph in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from analyzer.answers import Answer

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class GoldenRun:
    """One fault-free run.

    Attributes:
        feeds: What was fed; kept, so that nothing else is ever found at its address.
        answer: What came out.
        values: What passed the cuts, by name.
    """

    feeds: tuple[npt.NDArray[Any], ...]
    answer: Answer
    values: Arrays


@dataclass(frozen=True, slots=True)
class Start:
    """Where a run under some pattern begins.

    Attributes:
        cut: Index of the kept cut.
        check: Whether faults end before the next cut, so that they may be seen to be masked there.
    """

    cut: int
    check: bool


WHOLE = Start(0, check=False)
"""A run from the first node."""
