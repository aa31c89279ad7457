"""Mutations of tensors that ONNX Runtime folds: the new values of what they were folded into."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from analyzer.faults.elements import Values
from analyzer.faults.space import Indices
from analyzer.runtime.layout.folds import Fold
from analyzer.runtime.weights.change import Write

Hits = Mapping[str, tuple[Indices, Values]]
"""By tensor: flat indices of elements, int64 (n,), and their faulty values, (n,)."""


class FoldedWeights:
    """The folds of one model, and the golden contents of what they are computed from."""

    def __init__(self, folds: Sequence[Fold], golden: Mapping[str, Values]) -> None:
        """Arrange the contents by channel.

        Args:
            folds: the folds.
            golden: fault-free values of all tensors of the folds, by name.
        """
        self._by_tensor: dict[str, list[Fold]] = {}
        self._columns: dict[str, Values] = {}
        for fold in folds:
            channels = len(golden[fold.carrier])
            for name in fold.tensors:
                self._by_tensor.setdefault(name, []).append(fold)
                self._columns[name] = golden[name].reshape(channels, -1)

    def writes(self, hits: Hits) -> Iterator[Write]:
        """The new values of all initializers that faulty values change.

        Args:
            hits: the faulty values; tensors that are in no fold are passed over.
        """
        hit = [name for name in hits if name in self._by_tensor]
        for fold in {id(f): f for name in hit for f in self._by_tensor[name]}.values():
            yield self._write(fold, hits, fold.tensors & hits.keys())

    def _write(self, fold: Fold, hits: Hits, names: Iterable[str]) -> Write:
        """The new values of one initializer, for the channels that are hit.

        Args:
            fold: the fold.
            hits: the faulty values of all tensors.
            names: those of the fold that are hit.
        """
        rows = np.concatenate([self._channels(n, hits[n][0]) for n in names])
        if len(rows) > 1:
            rows = np.unique(rows)

        @cache  # several steps read the same contents
        def of(name: str) -> Values:
            contents = self._columns[name][rows]
            if name in hits:
                elements, values = hits[name]
                row, column = np.divmod(elements, contents.shape[1])
                contents[np.searchsorted(rows, row), column] = values
            return np.asarray(contents)

        found = fold.values(of)
        elements = rows[:, None] * found.shape[1] + np.arange(found.shape[1])
        positions = fold.positions(elements.reshape(-1))
        return Write(fold.slot, positions, fold.place.conversion(found.reshape(-1)))

    def _channels(self, name: str, elements: Indices) -> npt.NDArray[np.int64]:
        return np.asarray(elements // self._columns[name].shape[1])
