"""Arrays of a file as the rows of an input: checked, cast, or prepared where they are images."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData, DataMismatch, quoted
from analyzer.evaluation.dataset import State
from analyzer.evaluation.preprocess import is_stretched, order_of, target_of
from analyzer.evaluation.readers.request import Request, refuse_flags
from analyzer.evaluation.recipe import AS_STORED, Recipe, effective_flags, recipe_of
from analyzer.evaluation.resampling import CHANNELS
from analyzer.evaluation.rows import CastRows, InputRows, PreparedRows, size_of, whole
from analyzer.model import InputSignature, limits

PIECE = 4096
"""Rows that are looked at together."""


def rows_of_images(images: InputRows, request: Request, path: Path) -> tuple[InputRows, Recipe]:
    """The first input: uint8 images prepared, other arrays as they are.

    Args:
        images: (n, ...).
        request: for which model, and how images are prepared.
        path: of the file, for messages.

    Raises:
        DataMismatch: shape, type or range do not fit the model.
        BadOption: a flag has no effect.
    """
    signature = request.signature
    if images.dtype != np.uint8 or not _takes_images(signature):
        why = f"{path.name} holds {images.dtype} arrays, which are fed as they are"
        refuse_flags(request, frozenset(), why)
        return as_fed(images, signature, path), AS_STORED
    how, target = request.preprocessing, target_of(signature, request.preprocessing)
    refuse_flags(request, effective_flags(target), target.shown)
    prepared = PreparedRows(images, order_of(images.shape, target), target, how)
    recipe = recipe_of(target, how, is_stretched(*prepared.size, target, how))
    return held(prepared), recipe


def _takes_images(signature: InputSignature) -> bool:
    """True if uint8 arrays are pixels: always, but for uint8 inputs that are no images."""
    return signature.dtype != "uint8" or (
        len(signature.shape) == 4 and any(d in CHANNELS for d in signature.item)
    )


def held(rows: InputRows) -> InputRows:
    """Rows in memory if they take little enough, else as they are."""
    return whole(rows) if size_of(rows) <= limits.HELD_BYTES else rows


def as_fed(values: InputRows, signature: InputSignature, path: Path) -> InputRows:
    """Arrays that need no preprocessing, in the element type of their input.

    Args:
        values: (n, ...).
        signature: of the input, which has a row for each image.
        path: of the file, for messages.

    Raises:
        DataMismatch: shape, type or range do not fit the input.
    """
    wanted, got = signature.item, values.shape[1:]
    _check_type(values.dtype, signature, path)
    if len(got) != len(wanted) or any(w not in (None, g) for w, g in zip(wanted, got, strict=True)):
        raise DataMismatch(f"images in {path} have shape {got}, the model's input is {signature}")
    if signature.is_integer:
        _check_range(values, signature, path)
    dtype = np.dtype(signature.dtype)
    return values if values.dtype == dtype else held(CastRows(values, dtype))


def state_of(values: npt.NDArray[Any], signature: InputSignature, count: int, path: Path) -> State:
    """The state fed to an input without a row for each image, from the array under its name.

    Args:
        values: of the shape that the input states, with one row for all images or one for each.
        signature: of the input.
        count: images of the data set.
        path: of the file, for messages.

    Raises:
        DataMismatch: shape or type do not fit the input.
    """
    _check_type(values.dtype, signature, path)
    wanted = list(signature.shape)
    if signature.axis is not None:
        wanted[signature.axis] = None
        if values.ndim == len(wanted) and values.shape[signature.axis] not in (1, count):
            raise DataMismatch(
                f"key {quoted(signature.name)} of {path} has {values.shape[signature.axis]} rows "
                f"in dimension {signature.axis}, its first input has {count}"
            )
    fits = len(wanted) == values.ndim and all(
        w in (None, g) for w, g in zip(wanted, values.shape, strict=True)
    )
    if not fits:
        raise DataMismatch(
            f"key {quoted(signature.name)} of {path} has shape {values.shape}, the model's input "
            f"is {signature.shape}"
        )
    return State(values.astype(signature.dtype), signature.axis)


def _check_type(dtype: np.dtype[Any], signature: InputSignature, path: Path) -> None:
    if signature.is_integer:
        fits, needed = dtype.kind in "iub", "integers"
    elif signature.dtype == "uint8":
        fits, needed = dtype == np.uint8, "uint8"
    else:
        fits, needed = dtype.kind == "f", "uint8 or float"
    if not fits:
        raise DataMismatch(f"images in {path} are {dtype}; they must be {needed}")


def _check_range(values: InputRows, signature: InputSignature, path: Path) -> None:
    """Refuse integers that the model has no row for, or that its element type cannot hold."""
    most = {"bool": 1, "int32": 2**31 - 1, "int64": 2**63 - 1}[signature.dtype]
    if signature.bound is not None:
        most = min(most, signature.bound - 1)
    pieces = [
        np.asarray(values[np.arange(i, min(i + PIECE, len(values)))])
        for i in range(0, len(values), PIECE)
    ]
    low, high = min(int(p.min()) for p in pieces), max(int(p.max()) for p in pieces)
    if high > most or (low < 0 and signature.bound is not None):
        raise DataMismatch(
            f"{path} holds numbers from {low} to {high} for input {quoted(signature.name)}, which "
            f"takes 0 to {most}"
        )


def check_rows(values: InputRows, path: Path) -> None:
    """Refuse what holds no images.

    Args:
        values: of the first input.
        path: of the file, for messages.

    Raises:
        BadData: it is a scalar, or empty.
    """
    if not values.shape:
        raise BadData(f"key 'images' of {path} is no array of images")
    if 0 in values.shape:
        raise BadData(f"{path} holds no images")
