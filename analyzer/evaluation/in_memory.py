"""Data sets that a program holds as arrays, in place of a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from analyzer.errors import BadData, short
from analyzer.evaluation.arrays import RawArrays, keys_of, prepare_arrays
from analyzer.evaluation.dataset import DataKind, Dataset, digest
from analyzer.model import InputSignature, Preprocessing

IMAGES, LABELS = "images", "labels"
"""Names under which arrays stand, as in an ``.npz`` file."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """Inputs and labels.

    Attributes:
        inputs: By name of the input, (n, ...) each; ``images`` stands for the first input.
        labels: Integers (n,), the class of each image; None: there are none.
        name: Name of the data set in reports and messages.
    """

    inputs: Mapping[str, npt.NDArray[Any]]
    labels: npt.NDArray[Any] | None = None
    name: str = "arrays"


def dataset_of(
    arrays: Arrays,
    signature: InputSignature,
    preprocessing: Preprocessing,
    most: int | None = None,
) -> Dataset:
    """Prepare arrays as an ``.npz`` file with the same contents would be.

    Args:
        arrays: images as uint8, (n, rows, columns, channels) in any usual order, which are
            preprocessed; or floats already in the model's input shape, which are fed as they are.
        signature: the model's inputs.
        preprocessing: how images become inputs.
        most: prepare only so many images, the first.

    Raises:
        BadData: an input has no array, or there are no images.
        TooLarge: the inputs are larger than a data set may be.
        DataMismatch: shape or labels do not fit the model.
    """
    found = [_array_of(arrays, keys) for keys in keys_of(signature)]
    raw = RawArrays(arrays.name, found[0], tuple(found[1:]), arrays.labels)
    inputs, labels, more = prepare_arrays(raw, signature, preprocessing, most)
    given = [*found, *([] if arrays.labels is None else [arrays.labels])]
    return Dataset(DataKind.ARRAYS, arrays.name, inputs, labels, digest(*given), more=more)


def _array_of(arrays: Arrays, keys: tuple[str, ...]) -> npt.NDArray[Any]:
    """The array under the first of ``keys`` that is there.

    Raises:
        BadData: there is none.
    """
    for key in keys:
        if key in arrays.inputs:
            return arrays.inputs[key]
    names = short(", ".join(arrays.inputs) or "none")
    raise BadData(f"the data have no array {' or '.join(map(repr, keys))} (their names: {names})")
