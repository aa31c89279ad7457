"""Data sets: what is fed, what the right answers are, and where it came from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from analyzer.errors import TooLarge
from analyzer.evaluation.recipe import AS_STORED, Recipe
from analyzer.evaluation.rows import InputRows, chosen, size_of, whole
from analyzer.faults.sampling import generator
from analyzer.model import limits

Array = npt.NDArray[Any]
Labels = npt.NDArray[Any]
"""Right answers, (n, ...): int64 classes (n,), or what else a metric states."""


class DataKind(StrEnum):
    """Source of the inputs."""

    NPZ = "npz"
    FOLDER = "folder"
    ARRAYS = "arrays"
    GENERATED = "generated"


@dataclass(frozen=True, slots=True)
class State:
    """An input without a row for each image: a scalar, or what a recurrent network remembers.

    Attributes:
        values: What is fed; along ``axis`` either one row for all images, or one for each.
        axis: Which dimension counts the rows of a batch; None: none, every run is fed the same.
    """

    values: Array
    axis: int | None = None

    @property
    def item(self) -> tuple[int, ...]:
        """Its shape without the rows."""
        shape = self.values.shape
        return shape if self.axis is None else (*shape[: self.axis], *shape[self.axis + 1 :])

    @property
    def shared(self) -> bool:
        """True if all images are fed the same."""
        return self.axis is None or self.values.shape[self.axis] == 1

    def chosen(self, rows: npt.NDArray[np.int64]) -> "State":
        """That of a data set of the images of these indices."""
        return self if self.shared else State(self.fed(rows), self.axis)

    def fed(self, rows: npt.NDArray[np.int64]) -> Array:
        """Feeds of this input beside the images of these indices."""
        if self.axis is None:
            return self.values
        return self.values.take(np.zeros_like(rows) if self.shared else rows, axis=self.axis)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Inputs in the model's own form, with labels where there are any.

    Attributes:
        kind: Where they came from.
        name: File or folder name, or a description.
        rows: (n, ...) in the model's input dtype and layout: an array, or rows that are made when
            a batch is run.
        labels: (n, ...), int64 (n,) for classes; None: there are none.
        sha256: Digest of the source: the file's bytes, or the arrays themselves.
        note: How it came about: where it has no labels, or how its classes are numbered.
        classes: How many classes the labels number, where the source counts them and their
            numbers rest on this count.
        further: By name: (n, ...) for each further input of the model that is no state.
        recipe: How images became inputs.
        states: By name: what the others are fed.
        remarks: What else a reader of the report must know about it, in half sentences.
        whole: Digest of the names and sizes of all files of a folder, whichever are used; empty
            where ``sha256`` is that of the whole.
    """

    kind: DataKind
    name: str
    rows: InputRows
    labels: Labels | None
    sha256: str
    note: str = ""
    classes: int | None = None
    further: Mapping[str, InputRows] = field(default_factory=dict)
    recipe: Recipe = AS_STORED
    states: Mapping[str, State] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    whole: str = ""

    def __len__(self) -> int:
        """Number of images."""
        return len(self.rows)

    @property
    def inputs(self) -> Array:
        """All rows of the first input, in memory: (n, ...).

        Raises:
            TooLarge: they do not fit.
        """
        if self.streamed and self.size > limits.DATA_BYTES:
            raise TooLarge(
                f"the data set takes {self.size:,} bytes once prepared; this command needs it "
                f"whole, and at most {limits.DATA_BYTES:,} are held, use fewer --images"
            )
        return whole(self.rows)

    @property
    def more(self) -> dict[str, Array]:
        """All rows of the further inputs, in memory."""
        return {name: whole(rows) for name, rows in self.further.items()}

    @property
    def size(self) -> int:
        """Bytes that all inputs take in memory."""
        return sum(map(size_of, (self.rows, *self.further.values())))

    @property
    def streamed(self) -> bool:
        """True if batches are made when they are run: the whole is larger than memory should be."""
        return not all(isinstance(r, np.ndarray) for r in (self.rows, *self.further.values()))

    @property
    def items(self) -> tuple[tuple[int, ...], ...]:
        """Shape of one row of each input, the first input first, states last."""
        rows = (values.shape[1:] for values in (self.rows, *self.further.values()))
        return *rows, *(state.item for state in self.states.values())

    def first(self, count: int) -> "Dataset":
        """The first ``count`` images."""
        if count >= len(self):
            return self
        return self.chosen(np.arange(count, dtype=np.int64))

    def chosen(self, indices: npt.NDArray[np.int64]) -> "Dataset":
        """The images of these indices, in this order.

        Args:
            indices: int64 (m,), each in 0..n-1.
        """
        labels = None if self.labels is None else self.labels[indices]
        further = {name: chosen(rows, indices) for name, rows in self.further.items()}
        states = {name: state.chosen(indices) for name, state in self.states.items()}
        rows = chosen(self.rows, indices)
        return replace(self, rows=rows, labels=labels, further=further, states=states)

    def remarked(self, *remarks: str) -> "Dataset":
        """The same with more to be said about it; empty remarks say nothing."""
        return replace(self, remarks=(*self.remarks, *filter(None, remarks)))


class AnyBatch(Protocol):
    """A fixed group of images that are run together."""

    @property
    def images(self) -> int:
        """Number of rows that count; the rest pad."""

    @property
    def labels(self) -> Labels | None:
        """(images, ...), or None."""

    @property
    def inputs(self) -> Array:
        """(n, ...) what the first input is fed; n may exceed `images` where the model fixes it."""

    def feeds(self, name: str) -> dict[str, Array]:
        """Everything that a model is fed whose first input is ``name``."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that is held in memory.

    Attributes:
        inputs: (n, ...) what is fed; n may exceed ``images`` where the model fixes it.
        labels: (images, ...), or None.
        images: How many of the rows count; the rest pad.
        more: By name: what each further input of the model is fed.
    """

    inputs: Array
    labels: Labels | None
    images: int
    more: Mapping[str, Array] = field(default_factory=dict)

    def feeds(self, name: str) -> dict[str, Array]:
        """Everything that a model is fed whose first input is ``name``; always the same arrays."""
        return {name: self.inputs, **self.more}


@dataclass(frozen=True, slots=True)
class StreamedBatch:
    """A batch that is made whenever it is run.

    Attributes:
        data: The data set.
        rows: int64 (n,), which of its rows are fed; n may exceed ``images``.
        labels: (images, ...), or None.
        images: How many of the rows count; the rest pad.
    """

    data: Dataset
    rows: npt.NDArray[np.int64]
    labels: Labels | None
    images: int

    @property
    def inputs(self) -> Array:
        """(n, ...) what the first input is fed."""
        return np.ascontiguousarray(self.data.rows[self.rows])

    def feeds(self, name: str) -> dict[str, Array]:
        """Everything that a model is fed whose first input is ``name``; new arrays each time."""
        return {name: self.inputs, **_more(self.data, self.rows)}


def make_batches(data: Dataset, size: int, seed: int, fixed: bool) -> tuple[AnyBatch, ...]:
    """Partition ``data`` into batches, shuffled once by the seed.

    Args:
        data: the images.
        size: images per batch, 1 or more.
        seed: of the plan.
        fixed: whether the model insists on ``size`` rows; the last batch is then padded.

    Raises:
        TooLarge: one batch takes more memory than a batch may.
    """
    if data.size // len(data) * size > limits.DATA_BYTES:
        raise TooLarge(
            f"a batch of {size} images takes {data.size // len(data) * size:,} bytes once "
            f"prepared; at most {limits.DATA_BYTES:,} are handled, use a smaller --batch"
        )
    order = batch_order(len(data), seed)
    return tuple(_batch(data, order[i : i + size], size, fixed) for i in range(0, len(data), size))


def batch_order(images: int, seed: int) -> npt.NDArray[np.int64]:
    """The order in which batches take images, by the seed of the plan: int64 (images,)."""
    return generator(f"seed={seed}", "batches", 0).permutation(images)


def _batch(data: Dataset, rows: npt.NDArray[np.int64], size: int, fixed: bool) -> AnyBatch:
    fed = np.resize(rows, size) if fixed and len(rows) < size else rows
    labels = None if data.labels is None else data.labels[rows]
    if data.streamed:
        return StreamedBatch(data, fed, labels, len(rows))
    inputs = np.ascontiguousarray(data.rows[fed])
    return Batch(inputs, labels, len(rows), _more(data, fed))


def _more(data: Dataset, rows: npt.NDArray[np.int64]) -> dict[str, Array]:
    """Feeds of the further inputs beside the images of these indices."""
    more = {name: np.ascontiguousarray(values[rows]) for name, values in data.further.items()}
    states = {name: state.fed(rows) for name, state in data.states.items()}
    return more | {name: np.asarray(values, order="C") for name, values in states.items()}


class ArrayDigest:
    """SHA-256 of arrays, one after the other: dtype, shape, and bytes or what objects print."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def add(self, *arrays: Array) -> None:
        """Take in more arrays."""
        for array in arrays:
            self._sha.update(f"{array.dtype.str}{array.shape}".encode())
            if array.dtype.hasobject:  # the bytes are addresses
                self._sha.update(repr(array.tolist()).encode("utf-8", "surrogateescape"))
            else:
                self._sha.update(np.ascontiguousarray(array).tobytes())

    @property
    def hex(self) -> str:
        """The digest of all so far."""
        return self._sha.hexdigest()


def digest(*arrays: Array) -> str:
    """SHA-256 of arrays: dtype, shape and bytes of each."""
    found = ArrayDigest()
    found.add(*arrays)
    return found.hex
