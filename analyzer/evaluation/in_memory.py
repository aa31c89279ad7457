"""Data sets that a program holds as arrays, in place of a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from analyzer.errors import BadData, short
from analyzer.evaluation.dataset import digest
from analyzer.evaluation.rows import InputRows

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


class ArraysByKey:
    """The same under keys, as an ``.npz`` file has them."""

    def __init__(self, arrays: Arrays) -> None:
        """Start; nothing is read yet."""
        self._labels = {} if arrays.labels is None else {LABELS: arrays.labels}
        self._arrays = {**arrays.inputs, **self._labels}
        self._read: dict[str, npt.NDArray[Any]] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all arrays."""
        return tuple(self._arrays)

    def key(self, names: Sequence[str]) -> str:
        """The first of ``names`` that is a key.

        Raises:
            BadData: none is.
        """
        for name in names:
            if name in self._arrays:
                return name
        known = short(", ".join(key for key in self._arrays if key not in self._labels) or "none")
        wanted = " or ".join(map(repr, names))
        raise BadData(f"the data have no array {wanted} (their names: {known})")

    def read(self, key: str) -> InputRows:
        """One array."""
        return self.array(key)

    def array(self, key: str) -> npt.NDArray[Any]:
        """One array."""
        return self._read.setdefault(key, self._arrays[key])

    def digest(self) -> str:
        """SHA-256 of the arrays that were read, the labels last."""
        inputs = [array for key, array in self._read.items() if key not in self._labels]
        return digest(*inputs, *self._labels.values())
