"""Arrays become inputs of a model: checked against it, and preprocessed where they are uint8."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData, DataMismatch, quoted
from analyzer.evaluation.dataset import Labels
from analyzer.evaluation.preprocess import as_nhwc, check_total, prepare, target_of
from analyzer.model import InputSignature, Preprocessing


@dataclass(frozen=True, slots=True)
class RawArrays:
    """Arrays as a file or a program has them: neither checked nor prepared.

    Attributes:
        place: The file, or the name of the arrays, for messages.
        images: (n, ...), of the model's first input.
        others: (n, ...) each, of the further inputs, in the model's order.
        labels: The class of each image; None: there are none.
    """

    place: Path | str
    images: npt.NDArray[Any]
    others: tuple[npt.NDArray[Any], ...]
    labels: npt.NDArray[Any] | None


def keys_of(signature: InputSignature) -> list[tuple[str, ...]]:
    """For each input of a model the names under which its array may stand, the preferred first."""
    own = ("images", signature.name)
    return [own if not signature.is_integer else own[::-1], *((s.name,) for s in signature.others)]


def prepare_arrays(
    raw: RawArrays,
    signature: InputSignature,
    preprocessing: Preprocessing,
    most: int | None = None,
) -> tuple[npt.NDArray[Any], Labels | None, dict[str, npt.NDArray[Any]]]:
    """Inputs in the model's own form.

    Args:
        raw: the arrays.
        signature: the model's inputs.
        preprocessing: how uint8 images become inputs.
        most: prepare only so many images, the first.

    Returns:
        Values of the first input, (n, ...); labels, int64 (n,), or None; and by name the values of
        each further input, (n, ...).

    Raises:
        BadData: there are no images.
        TooLarge: the inputs take more bytes than a data set may.
        DataMismatch: shape or labels do not fit.
    """
    labels = _checked_labels(raw, signature)
    images, labels = raw.images[:most], None if labels is None else labels[:most]
    more = {
        s.name: _as_fed(values[:most], s, raw.place)
        for s, values in zip(signature.others, raw.others, strict=True)
    }
    if images.dtype == np.uint8 and not _fits_as_is(images, signature):
        target = target_of(signature, preprocessing)
        inputs = prepare(as_nhwc(images, target.channels), target, preprocessing)
    else:
        inputs = _as_fed(images, signature, raw.place)
    check_total(inputs.nbytes + sum(values.nbytes for values in more.values()))
    return inputs, labels, more


def _checked_labels(raw: RawArrays, signature: InputSignature) -> Labels | None:
    """Labels, one per image, after it is certain that all arrays have as many rows."""
    images, place = raw.images, raw.place
    if images.ndim == 0:
        raise BadData(f"key 'images' of {place} is no array of images")
    if images.size == 0:
        raise BadData(f"{place} holds no images")
    labels = None if raw.labels is None else _as_labels(raw.labels, place)
    if labels is not None and len(labels) != len(images):
        raise DataMismatch(f"{place} holds {len(images)} images but {len(labels)} labels")
    for s, values in zip(signature.others, raw.others, strict=True):
        if values.shape[:1] != (len(images),):
            raise DataMismatch(
                f"key {quoted(s.name)} of {place} has {len(values) if values.ndim else 'no'} rows, "
                f"its first input has {len(images)}"
            )
    return labels


def _as_labels(labels: npt.NDArray[Any], path: Path | str) -> Labels:
    flat = labels.reshape(-1) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim == 0 or flat.dtype.kind not in "iuf":
        raise DataMismatch(f"labels in {path} must be numbers, with a row per image")
    return flat.astype(np.int64 if flat.dtype.kind in "iu" else np.float64)


def _fits_as_is(images: npt.NDArray[Any], signature: InputSignature) -> bool:
    """Whether arrays of the model's own uint8 input need no preprocessing."""
    wanted = signature.shape
    return (
        signature.dtype == "uint8"
        and images.ndim == len(wanted)
        and all(w in (None, h) for w, h in zip(wanted[1:], images.shape[1:], strict=True))
    )


def _as_fed(
    images: npt.NDArray[Any], signature: InputSignature, path: Path | str
) -> npt.NDArray[Any]:
    """Arrays that need no preprocessing, in the element type of their input."""
    wanted = signature.item
    got = images.shape[1:]
    if signature.is_integer:
        fits = images.dtype.kind in "iub"
    elif signature.dtype == "uint8":
        fits = images.dtype == np.uint8
    else:
        fits = images.dtype.kind == "f"
    if not fits:
        needed = {"uint8": "uint8"}.get(signature.dtype, "uint8 or float")
        needed = "integers" if signature.is_integer else needed
        raise DataMismatch(f"images in {path} are {images.dtype}; they must be {needed}")
    if len(got) != len(wanted) or any(w not in (None, g) for w, g in zip(wanted, got, strict=True)):
        raise DataMismatch(f"images in {path} have shape {got}, the model's input is {signature}")
    if signature.is_integer:
        _check_range(images, signature, path)
    check_total(images.size * np.dtype(signature.dtype).itemsize)
    with np.errstate(over="ignore"):  # infinity, as the model would make of it
        return images.astype(signature.dtype)


def _check_range(values: npt.NDArray[Any], signature: InputSignature, path: Path | str) -> None:
    """Refuse integers that the model has no row for, or that its element type cannot hold."""
    most = {"bool": 1, "int32": 2**31 - 1, "int64": 2**63 - 1}[signature.dtype]
    if signature.bound is not None:
        most = min(most, signature.bound - 1)
    if int(values.max()) > most or (int(values.min()) < 0 and signature.bound is not None):
        raise DataMismatch(
            f"{path} holds numbers from {values.min()} to {values.max()} for input "
            f"{quoted(signature.name)}, which takes 0 to {most}"
        )
