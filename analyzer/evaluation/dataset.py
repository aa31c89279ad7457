"""Data sets: what is fed, what the right answers are, and where it came from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.faults.sampling import generator

Labels = npt.NDArray[Any]
"""Right answers, (n, ...): int64 classes (n,), or what else a metric states."""


class DataKind(StrEnum):
    """Where inputs came from."""

    NPZ = "npz"
    FOLDER = "folder"
    ARRAYS = "arrays"
    GENERATED = "generated"


@dataclass(frozen=True, slots=True)
class Dataset:
    """Inputs in the model's own form, with labels where there are any.

    Attributes:
        kind: Where they came from.
        name: File or folder name, or a description.
        inputs: (n, ...) in the model's input dtype and layout.
        labels: (n, ...), int64 (n,) for classes; None: there are none.
        sha256: Digest of the source: the file's bytes, or the arrays themselves.
        note: What a reader of the report must know about it; may be empty.
        classes: How many classes the labels number, where the source says so.
        more: By name: (n, ...) for each further input of the model.
    """

    kind: DataKind
    name: str
    inputs: npt.NDArray[Any]
    labels: Labels | None
    sha256: str
    note: str = ""
    classes: int | None = None
    more: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of images."""
        return len(self.inputs)

    @property
    def items(self) -> tuple[tuple[int, ...], ...]:
        """Shape of one row of each input, the first input first."""
        return tuple(values.shape[1:] for values in (self.inputs, *self.more.values()))

    def first(self, count: int) -> "Dataset":
        """The first ``count`` images."""
        labels = None if self.labels is None else self.labels[:count]
        more = {name: values[:count] for name, values in self.more.items()}
        return replace(self, inputs=self.inputs[:count], labels=labels, more=more)


@dataclass(frozen=True, slots=True)
class Batch:
    """A fixed group of images that are run together.

    Attributes:
        inputs: (n, ...) what is fed; n may exceed ``images`` where the model fixes it.
        labels: (images, ...), or None.
        images: How many of the rows count; the rest pad.
        more: By name: (n, ...) for each further input of the model.
    """

    inputs: npt.NDArray[Any]
    labels: Labels | None
    images: int
    more: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def feeds(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """Everything that a model is fed whose first input is ``name``; always the same arrays."""
        return {name: self.inputs, **self.more}


def make_batches(data: Dataset, size: int, seed: int, fixed: bool) -> tuple[Batch, ...]:
    """Partition ``data`` into batches, shuffled once by the seed.

    Args:
        data: the images.
        size: images per batch, 1 or more.
        seed: of the plan.
        fixed: whether the model insists on ``size`` rows; the last batch is then padded.
    """
    order = generator(f"seed={seed}", "batches", 0).permutation(len(data))
    return tuple(_batch(data, order[i : i + size], size, fixed) for i in range(0, len(data), size))


def _batch(data: Dataset, rows: npt.NDArray[np.int64], size: int, fixed: bool) -> Batch:
    fed = np.resize(rows, size) if fixed and len(rows) < size else rows
    labels = None if data.labels is None else data.labels[rows]
    more = {name: np.ascontiguousarray(values[fed]) for name, values in data.more.items()}
    return Batch(np.ascontiguousarray(data.inputs[fed]), labels, len(rows), more)


def digest(*arrays: npt.NDArray[Any]) -> str:
    """SHA-256 of arrays: dtype, shape and bytes of each; of objects what they print."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype.str}{array.shape}".encode())
        if array.dtype.hasobject:  # the bytes are addresses
            sha.update(repr(array.tolist()).encode("utf-8", "surrogateescape"))
        else:
            sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()
