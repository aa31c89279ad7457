"""Labels as they come: class numbers, names, one-hot rows; or a reason why they cannot be used."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import quoted
from analyzer.evaluation.dataset import Labels

Usable = tuple[Labels | None, str]
"""Class numbers, int64 (n,), or None; and a note, empty where there is nothing to say."""


def read_class_numbers(labels: npt.NDArray[Any], names: Sequence[str]) -> Usable:
    """Class numbers from what stands under ``labels``.

    Args:
        labels: (n,), (n, 1), or (n, classes) one-hot; numbers, or names of classes.
        names: the model's class names, in their order; empty: unknown.

    Returns:
        int64 (n,) and a note on how they were read; numbers of another form as they are, for the
        metrics that take such; or None and why they cannot be used.

    >>> read_class_numbers(np.array(["cat", "dog"]), ["dog", "cat"])
    (array([1, 0]), '')
    >>> read_class_numbers(np.array([0.5, 2.0]), [])
    (array([0.5, 2. ]), '')
    """
    column = labels.ndim == 2 and labels.shape[1] == 1
    flat = labels.reshape(-1) if column else labels
    if flat.ndim == 2 and flat.dtype.kind in "iufb":
        return _one_hot(flat)
    if flat.ndim > 1 and flat.dtype.kind in "iufb":
        return _as_they_are(flat), ""
    if flat.ndim != 1:
        return None, (
            f"labels are not used: they have shape {labels.shape}, and must be one class number "
            "for each image"
        )
    if flat.dtype.kind in "US":
        return _named(flat, names)
    return _numbers(flat)


def _as_they_are(labels: npt.NDArray[Any]) -> Labels:
    """Numbers that are no classes: a metric states which it takes."""
    return labels.astype(np.float64 if labels.dtype.kind == "f" else np.int64)


def _numbers(labels: npt.NDArray[Any]) -> Usable:
    if labels.dtype.kind in "iub":
        return labels.astype(np.int64), ""
    if labels.dtype.kind != "f":
        return None, f"labels are not used: they are {labels.dtype}, and must be class numbers"
    whole = np.isfinite(labels) & (labels == np.trunc(labels)) & (np.abs(labels) < 2**53)
    if not np.isfinite(labels).all():
        return None, "labels are not used: they are not all finite"
    if not whole.all():
        return _as_they_are(labels), ""
    return labels.astype(np.int64), f"labels are {labels.dtype}, read as class numbers"


def _one_hot(labels: npt.NDArray[Any]) -> Usable:
    ones = (labels == 1).sum(axis=1) == 1
    if not (ones & ((labels == 0) | (labels == 1)).all(axis=1)).all():
        return _as_they_are(labels), ""  # of several labels, tokens, or masks
    return labels.argmax(axis=1).astype(np.int64), "labels are one-hot rows, read as class numbers"


def _named(labels: npt.NDArray[Any], names: Sequence[str]) -> Usable:
    texts = [x.decode("utf-8", "replace") if isinstance(x, bytes) else str(x) for x in labels]
    if not names:
        return None, (
            "labels are not used: they are names, and the model does not state the order of its "
            "classes; write it by relcheck annotate MODEL --labels"
        )
    places = {name: place for place, name in enumerate(names)}
    unknown = next((text for text in texts if text not in places), None)
    if unknown is not None:
        return None, (
            f"labels are not used: {quoted(unknown)} is none of the {len(names)} classes that the "
            "model names"
        )
    return np.array([places[text] for text in texts], np.int64), ""
