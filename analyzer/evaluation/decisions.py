"""Decisions of a model, and what tells a changed one from an announced error."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

REGRESSION_TOLERANCE = 0.01
"""Outputs that are no class scores count as corrupted when they move by more than this share of
the golden output's own range."""

Bools = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]
Decisions = npt.NDArray[np.int64]


def highest_classes(scores: Values) -> Decisions:
    """The highest-scoring class of each image; of equal ones the first.

    Args:
        scores: numbers (images, classes).

    Returns:
        int64 (images,).
    """
    return np.asarray(scores.argmax(axis=1), np.int64)


def changed_images(first: Values, golden: Values, decisions: Decisions | None) -> Bools:
    """Tell the images whose decision is not golden's.

    Args:
        first: the first output under faults, (images, ...).
        golden: the same of the golden run, of equal shape.
        decisions: int64 (images,), golden's; None: outputs are no class scores, and an image
            differs where a value moves by more than `REGRESSION_TOLERANCE` of golden's range.

    Returns:
        bool (images,).
    """
    if decisions is not None:
        return np.asarray(highest_classes(first) != decisions)
    reference = golden.astype(np.float64).reshape(len(first), -1)
    with np.errstate(invalid="ignore"):  # infinity in both has not moved
        moved = np.abs(first.astype(np.float64).reshape(len(first), -1) - reference)
    finite = reference[np.isfinite(reference)]
    span = np.ptp(finite) if finite.size else 0.0
    return np.asarray((moved > REGRESSION_TOLERANCE * span).any(axis=1))


def non_finite_images(outputs: Sequence[Values], golden: Sequence[Values], images: int) -> Bools:
    """Tell the images with NaN in an output, or infinity where golden has a finite number.

    Args:
        outputs: every output under faults; what has no row per image counts for all images.
        golden: the same of the golden run, in the same order.
        images: how many rows count.

    Returns:
        bool (images,).
    """
    due = np.zeros(images, bool)
    for reference, found in zip(golden, outputs, strict=True):
        if found.dtype.kind != "f":
            continue
        rows = found[:images] if found.shape[:1] >= (images,) else found
        finite = np.isfinite(rows)
        if finite.all():
            continue
        if rows.shape != reference.shape:  # nothing to compare place by place
            return np.ones(images, bool)
        bad = ~finite & (np.isfinite(reference) | np.isnan(rows))
        due |= bad.reshape(images, -1).any(axis=1) if len(rows) == images else bad.any()
    return due
