"""Golden values at the cuts, kept per batch."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from analyzer.runtime.session import Answer, Feeds

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class GoldenRun:
    """One fault-free run.

    Attributes:
        feeds: What was fed; kept, so that nothing else is ever found at its address.
        answer: What came out.
        values: What passed the cuts, by name.
    """

    feeds: tuple[npt.NDArray[Any], ...]
    answer: Answer
    values: Arrays


class GoldenStore:
    """Golden runs by the arrays that were fed: the same objects, unchanged, give the same run."""

    def __init__(self, batches: int) -> None:
        """Keep the runs of at most so many batches, the latest used."""
        self._most = batches
        self._runs: OrderedDict[tuple[int, ...], GoldenRun] = OrderedDict()

    def find(self, feeds: Feeds) -> GoldenRun | None:
        """The golden run of ``feeds``, if it is kept."""
        key = _key(feeds)
        found = self._runs.get(key)
        if found is not None:
            self._runs.move_to_end(key)
        return found

    def keep(self, feeds: Feeds, answer: Answer, values: Arrays) -> None:
        """Keep a golden run, and forget the one that was not used for longest if there are more."""
        self._runs[_key(feeds)] = GoldenRun(tuple(feeds.values()), answer, values)
        if len(self._runs) > self._most:
            self._runs.popitem(last=False)


def _key(feeds: Feeds) -> tuple[int, ...]:
    return tuple(id(array) for array in feeds.values())
