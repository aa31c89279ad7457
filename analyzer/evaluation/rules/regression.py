"""Regression: numbers that may move a little."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadOption, GoldenFailed
from analyzer.evaluation.rules.rule import Bools, GoldenDecisions, Outputs

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Regression:
    """Changed if a number moves by more than the tolerance.

    Attributes:
        tolerance: Above 0 for ranges, 0 or more in units.
        of: ``range``: the tolerance is a share of the range of golden's numbers over the whole data
            set, channel by channel; ``units``: it is a distance.
        axis: The axis of channels, the axis of images being 0; 0: all numbers are one channel;
            -1: the shortest axis beside that of images.
        ranges: Range of each channel, found by the golden run; 0 where all numbers are equal.
    """

    tolerance: float = 0.01
    of: Literal["range", "units"] = "range"
    axis: int = -1
    ranges: tuple[float, ...] = ()

    name = "regression"
    needs_outputs = True

    def __post_init__(self) -> None:
        """Refuse tolerances that judge nothing.

        Raises:
            BadOption: a negative tolerance, or an unknown measure.
        """
        if self.of not in ("range", "units"):
            raise BadOption(f"--task regression: of={self.of} is unknown; use range or units")
        if not self.tolerance >= 0 or (self.of == "range" and not self.tolerance):
            raise BadOption(f"--task regression: tolerance={self.tolerance:g} must be above 0")

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """Tolerance, its measure, and the ranges as far as they decide."""
        alone: dict[str, str | int | float] = {"tolerance": self.tolerance, "of": self.of}
        if self.of == "units":
            return alone
        shown = " ".join(f"{span:.9g}" for span in self.ranges)
        return {**alone, "axis": self.axis, "ranges": shown}

    def sentence(self) -> str:
        """The rule in words."""
        if self.of == "units":
            return f"numbers: changed if one moves by more than {self.tolerance:g}"
        if self.ranges and not any(self.ranges):
            return "numbers: changed if one moves at all, for all images have the same"
        if len(self.ranges) == 1:
            of = f"{self.ranges[0]:.4g}, their range over the data set"
        elif self.ranges:
            low, high = min(self.ranges), max(self.ranges)
            of = (
                f"the range of its channel over the data set ({len(self.ranges)} channels along "
                f"axis {self.axis}, ranges {low:.4g} to {high:.4g})"
            )
        else:
            of = "their range"
        return f"numbers: changed if one moves by more than {100 * self.tolerance:g} % of {of}"

    def decide(self, outputs: Outputs, images: int) -> None:
        """Nothing: a number is compared with golden's itself.

        Raises:
            GoldenFailed: the output holds no row of numbers per image.
        """
        values = outputs[0]
        if values.shape[:1] != (images,) or values.dtype.kind not in "fiub":
            raise GoldenFailed(
                f"an output of {values.dtype} and shape {values.shape} is no row of numbers per "
                "image"
            )

    def fitted(self, golden: Sequence[Outputs]) -> "Regression":
        """The rule with the range of each channel over the whole data set.

        Args:
            golden: the output of every batch.

        Raises:
            GoldenFailed: there is one number alone, which has no range.
        """
        if self.of == "units":
            return self
        axis = self._axis_of(golden[0][0])
        low, high = _extremes([outputs[0] for outputs in golden], axis)
        span = np.where(low <= high, high - low, 0.0)
        whole = float(max(np.max(high, initial=-np.inf) - np.min(low, initial=np.inf), 0.0))
        if not whole > 0.0 and sum(len(outputs[0]) for outputs in golden) == 1:
            raise GoldenFailed(
                "one image with one number has no range, so that no tolerance follows from it; "
                "give more images, or --task regression:of=units,tolerance=X"
            )
        # A channel that never moves has no range of its own: its numbers are measured by all.
        ranges = np.where(span > 0.0, span, whole)
        return replace(self, axis=axis, ranges=tuple(ranges.tolist()))

    def _axis_of(self, values: npt.NDArray[Any]) -> int:
        """The axis of channels."""
        if self.axis >= 0:
            if self.axis >= values.ndim:
                raise GoldenFailed(f"an output of shape {values.shape} has no axis {self.axis}")
            return self.axis
        size, axis = min(((n, axis) for axis, n in enumerate(values.shape) if axis), default=(1, 0))
        return axis if size > 1 else 0

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """Bool (images,): a number moved by more than the tolerance."""
        found, reference = outputs[0], golden.outputs[0]
        if found.shape != reference.shape:
            return np.ones(golden.images, bool)
        before = reference.astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):  # infinity in both has not moved
            moved = np.abs(found.astype(np.float64) - before)
            beyond = moved > self._limits(before.ndim)
        return np.asarray(beyond.reshape(golden.images, -1).any(axis=1))

    def _limits(self, rank: int) -> Floats | float:
        """The tolerance of each number, in a shape that fits an output of ``rank`` axes."""
        if self.of == "units":
            return self.tolerance
        limits = self.tolerance * np.array(self.ranges, np.float64)
        if len(limits) == 1:
            return float(limits[0])
        shape = [1] * rank
        shape[self.axis] = len(limits)
        return limits.reshape(shape)


def _extremes(outputs: Sequence[npt.NDArray[Any]], axis: int) -> tuple[Floats, Floats]:
    """Lowest and highest finite number of each channel; of none, infinity and minus infinity.

    Args:
        outputs: of every batch.
        axis: of channels; 0: all numbers are one channel.

    Returns:
        float64 (channels,) each.

    Raises:
        GoldenFailed: the number of channels is another one in each batch.
    """
    found = []
    for values in outputs:
        rows = values.astype(np.float64)
        channels = rows.shape[axis] if axis else 1
        rows = np.moveaxis(rows, axis, 0).reshape(channels, -1)
        finite = np.isfinite(rows)
        low = np.where(finite, rows, np.inf).min(axis=1, initial=np.inf)
        high = np.where(finite, rows, -np.inf).max(axis=1, initial=-np.inf)
        found.append((low, high))
    if len({len(low) for low, _ in found}) > 1:
        raise GoldenFailed(
            "the output has another number of channels for each batch; name a rule by --task"
        )
    lows, highs = zip(*found, strict=True)
    return np.min(lows, axis=0), np.max(highs, axis=0)
