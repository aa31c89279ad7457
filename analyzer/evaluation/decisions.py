"""Signs that tell an announced error from an answer: NaN and infinity where golden has none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.evaluation.dataset import digest

Bools = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class GoldenForm:
    """The form of one output without faults.

    Attributes:
        shape: Its shape, the axis of images first.
        by_image: True if it has a row per image; else it concerns all images.
        infinite: bool, where golden itself is infinite; None: nowhere.
    """

    shape: tuple[int, ...]
    by_image: bool
    infinite: Bools | None


def golden_form(output: Values, by_image: bool) -> GoldenForm:
    """The form of an output without faults, which holds no NaN.

    Args:
        output: the axis of images first.
        by_image: whether it has a row per image.
    """
    infinite = np.isinf(_numbers(output)) if _has_numbers(output) else None
    kept = infinite if infinite is not None and infinite.any() else None
    return GoldenForm(output.shape, by_image, kept)


def has_nan(output: Values) -> bool:
    """True if a number of the output, or of a map in it, is NaN."""
    return _has_numbers(output) and bool(np.isnan(_numbers(output)).any())


def non_finite_images(
    outputs: Sequence[Values], golden: Sequence[GoldenForm], images: int
) -> Bools:
    """Tell the images with NaN in an output, or infinity where golden has a finite number.

    Args:
        outputs: every watched output under faults, the axis of images first.
        golden: the forms of the same without faults; one that has no row per image counts for all.
        images: how many rows count.

    Returns:
        bool (images,).
    """
    due = np.zeros(images, bool)
    for reference, found in zip(golden, outputs, strict=True):
        if not _has_numbers(found):
            continue
        values = _numbers(found)
        finite = np.isfinite(values)
        if finite.all():
            continue
        bad = ~finite
        if found.shape != reference.shape:  # nothing to compare place by place
            return np.ones(images, bool)
        if reference.infinite is not None and reference.infinite.shape == values.shape:
            bad &= ~reference.infinite | np.isnan(values)
        due |= bad.reshape(images, -1).any(axis=1) if reference.by_image else bad.any()
    return due


def _has_numbers(output: Values) -> bool:
    """True if an output holds numbers with NaN and infinity among them, or maps of such."""
    if output.dtype.kind == "f":
        return True
    return output.dtype.hasobject and any(isinstance(v, Mapping) for v in output.flat)


def _numbers(output: Values) -> Values:
    """The numbers of an output; of an array of maps float64 (elements, most numbers of one)."""
    if not output.dtype.hasobject:
        return output
    rows = [[x for x in _values(v) if isinstance(x, float | np.floating)] for v in output.flat]
    found = np.zeros((len(rows), max(map(len, rows), default=0)))
    for place, row in enumerate(rows):
        found[place, : len(row)] = row
    return found


def _values(element: Any) -> Sequence[Any]:
    return list(element.values()) if isinstance(element, Mapping) else []


def only_row(outputs: Sequence[Values]) -> str:
    """SHA-256 of the rows of the first image, if those of all images are equal; else empty.

    Args:
        outputs: each (images, ...).
    """
    for output in outputs:
        if output.dtype.hasobject or not (output == output[:1]).all():
            return ""
    return digest(*(output[0] for output in outputs))
