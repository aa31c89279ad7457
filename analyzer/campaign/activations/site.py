"""One activation: its range, and the counts of its values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.stats.value_counts import ValueCounts

Values = npt.NDArray[Any]


class Origin(StrEnum):
    """The source of a threshold: the graph, a file, or the run without faults."""

    BOUND = "bound"
    FILE = "file"
    MAXIMUM = "maximum"


@dataclass(frozen=True)
class Site:
    """One activation whose values are counted.

    Attributes:
        name: Name of the value.
        kind: The operator that makes it, or the usual name of the function of several nodes.
        place: Position of the value among the outputs of the model that runs.
        low: Numbers below are beyond its threshold; None: there is no lower one.
        high: Numbers above are beyond its threshold; None: it follows from the run without faults.
        origin: Where the threshold comes from.
        two_sided: Whether a threshold that follows from a run has a lower end.
    """

    name: str
    kind: str
    place: int
    low: float | None
    high: float | None
    origin: Origin
    two_sided: bool


class SiteCounts:
    """The values of one activation over some runs."""

    def __init__(self, dtype: npt.DTypeLike) -> None:
        """Nothing was counted yet.

        Args:
            dtype: of the values.
        """
        self.values = ValueCounts(dtype)
        self.beyond = 0

    @property
    def numbers(self) -> int:
        """All values, NaN among them."""
        return self.values.numbers + self.values.nan

    def add(self, values: Values, site: Site) -> int:
        """Count the values of one run.

        Args:
            values: floats (...,).
            site: whose they are, with its threshold; without one nothing is beyond it.

        Returns:
            How many of them are beyond the threshold; NaN is not.
        """
        self.values.add(values)
        beyond = 0
        if site.high is not None:
            beyond += int(np.count_nonzero(values > _in_type(site.high, values)))
        if site.low is not None:
            beyond += int(np.count_nonzero(values < _in_type(site.low, values)))
        self.beyond += beyond
        return beyond


def _in_type(limit: float, values: Values) -> Any:
    """A limit as the graph stores it beside values of a type."""
    with np.errstate(over="ignore"):
        return values.dtype.type(limit)


def rows_of(values: Values, images: int, rows: int) -> Values:
    """The values that belong to images, where a batch is filled up to the size that a model fixes.

    Args:
        values: of one activation, images along axis 0, perhaps each in several parts.
        images: how many of the rows that were fed are images, from the first on.
        rows: how many rows were fed.
    """
    if images == rows or not values.ndim or values.shape[0] % rows:
        return values
    return values[: values.shape[0] // rows * images]
