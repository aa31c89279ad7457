"""Mutations of tensors that ONNX Runtime folds: the new values of what they were folded into."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from analyzer.faults.elements import Values
from analyzer.faults.space import Indices
from analyzer.runtime.layout.folds import Fold
from analyzer.runtime.weights.change import Write

Hits = Mapping[str, tuple[Indices, Values]]
"""By tensor: flat indices of elements, int64 (n,), ascending, and their faulty values, (n,)."""


class FoldedWeights:
    """The folds of one model, and the golden contents of what they are computed from."""

    def __init__(self, folds: Sequence[Fold], golden: Mapping[str, Values]) -> None:
        """Arrange the contents by channel.

        Args:
            folds: the folds.
            golden: fault-free values of all tensors of the folds, by name.
        """
        self._by_tensor: dict[str, list[_GoldenFold]] = {}
        for fold in folds:
            arranged = _GoldenFold(fold, golden)
            for name in fold.tensors:
                self._by_tensor.setdefault(name, []).append(arranged)

    def writes(self, hits: Hits) -> Iterator[Write]:
        """The new values of all initializers that faulty values change.

        An element that several faults change is computed once, with all of them.

        Args:
            hits: the faulty values; tensors that are in no fold are passed over.
        """
        hit = [name for name in hits if name in self._by_tensor]
        for fold in {id(f): f for name in hit for f in self._by_tensor[name]}.values():
            yield fold.write(hits)


class _GoldenFold:
    """One fold, with the golden contents of its tensors by channel."""

    def __init__(self, fold: Fold, golden: Mapping[str, Values]) -> None:
        """Arrange the contents by the channels of this fold.

        Args:
            fold: the fold.
            golden: fault-free values of its tensors, by name.
        """
        self._fold = fold
        columns = {name: fold.chain.columns(golden[name]) for name in fold.tensors}
        self._width = columns[fold.carrier].shape[1]
        # In the bias, and where a normalization stands alone, both kinds are one.
        self._by_element = {n: c.reshape(-1) for n, c in columns.items() if c.shape[1] > 1}
        self._by_channel = {n: c[:, 0] for n, c in columns.items() if c.shape[1] == 1}

    def write(self, hits: Hits) -> Write:
        """The new values of the elements that faults change.

        Args:
            hits: the faulty values, of at least one of the tensors.
        """
        fold, elements = self._fold, self._changed(hits)
        channels = elements // self._width

        @cache  # several steps read the same contents
        def of(name: str) -> Values:
            found = hits.get(name)
            if name in self._by_element:
                contents = self._by_element[name][elements]
                if found is not None:
                    contents[np.searchsorted(elements, found[0])] = found[1]
            else:
                contents = self._by_channel[name]
                if found is not None:
                    contents = contents.copy()
                    contents[found[0]] = found[1]
                contents = contents[channels]
            return np.asarray(contents[:, None])

        values = fold.values(of).reshape(-1)
        return Write(fold.slot, fold.positions(elements), fold.place.conversion(values))

    def _changed(self, hits: Hits) -> npt.NDArray[np.int64]:
        """The elements that faults change, each once, in ascending order: int64 (n,).

        A fault in the convolution's weights changes one of them; one in a number that a whole
        channel shares changes all elements of the channel.
        """
        single = [hits[name][0] for name in self._by_element if name in hits]
        whole = [hits[name][0] for name in self._by_channel if name in hits]
        if whole:
            starts = np.unique(np.concatenate(whole)) * self._width
            single.append((starts[:, None] + np.arange(self._width)).reshape(-1))
        return np.unique(np.concatenate(single)) if len(single) > 1 else single[0]
