"""Golden values at the cuts, kept per batch, and shared by the processes of one machine."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

import numpy.typing as npt

from analyzer.answers import Answer, Feeds
from analyzer.memory.shared_arrays import SharedArrays
from analyzer.runtime.stretches.golden_run import Arrays, GoldenRun, V
from analyzer.runtime.stretches.profile import Profile

Array = npt.NDArray[Any]


class GoldenStore(Generic[V]):
    """Golden runs by the arrays that were fed: the same objects, unchanged, give the same run."""

    def __init__(self, batches: int) -> None:
        """Keep the runs of at most ``batches`` batches, the latest used."""
        self._most = batches
        self._runs: OrderedDict[tuple[int, ...], GoldenRun[V]] = OrderedDict()

    def find(self, feeds: Feeds) -> GoldenRun[V] | None:
        """The golden run of ``feeds``, if it is kept."""
        key = _key(feeds)
        found = self._runs.get(key)
        if found is not None:
            self._runs.move_to_end(key)
        return found

    def keep(self, feeds: Feeds, answer: Answer, values: Mapping[str, V]) -> GoldenRun[V]:
        """Keep a golden run; beyond the limit, forget the one that was not used for longest.

        Args:
            feeds: the arrays that were fed.
            answer: the fault-free answer.
            values: what passed the cuts, by name.
        """
        run = self._runs[_key(feeds)] = GoldenRun(tuple(feeds.values()), answer, values)
        if len(self._runs) > self._most:
            self._runs.popitem(last=False)
        return run


class SharedRuns:
    """Values at the cuts in golden runs, computed by one process of this machine for all."""

    def __init__(self, shared_arrays: SharedArrays, batches: Sequence[Feeds]) -> None:
        """Number the batches.

        Args:
            shared_arrays: memory that the processes have in common.
            batches: the same in every process, in the same order, in arrays of its own.
        """
        self._arrays = shared_arrays
        self._batches = tuple(batches)  # kept, so that nothing else is ever found at its address
        self._places = {_key(feeds): place for place, feeds in enumerate(self._batches, 1)}

    def find(self, feeds: Feeds) -> Arrays | None:
        """The values of one batch, if some process has put them there."""
        place = self._places.get(_key(feeds))
        return None if place is None else self._arrays.find(place)

    def put(self, feeds: Feeds, values: Arrays) -> None:
        """Put the values of one batch there, unless some process has done so.

        Args:
            feeds: the batch.
            values: the outputs, and what passed the cuts, by name.
        """
        place = self._places.get(_key(feeds))
        if place is not None:
            self._arrays.put(place, values)

    def agreed(self, make: Callable[[], Arrays]) -> Arrays:
        """The value that the first process made; ``make`` need not be deterministic."""
        found = self._arrays.find(0)
        if found is not None:
            return found
        made = make()
        self._arrays.put(0, made)
        return self._arrays.find(0) or made


class GoldenRuns:
    """Golden runs of one process: those that it made, and those that it shares with others."""

    def __init__(
        self,
        store: GoldenStore[Array],
        shared: SharedRuns | None,
        outputs: Sequence[str],
        names: Sequence[str],
    ) -> None:
        """Begin with none.

        Args:
            store: keeps them.
            shared: values that other processes computed; None: this process is alone.
            outputs: names of the values of an answer.
            names: names of the values that pass the cuts, besides.
        """
        self._store, self._shared = store, shared
        self._outputs, self._needed = tuple(outputs), {*outputs, *names}

    def find(self, feeds: Feeds) -> GoldenRun[Array] | None:
        """The golden run of these very arrays, if it is known."""
        found = self._store.find(feeds)
        if found is not None or self._shared is None:
            return found
        values = self._shared.find(feeds)
        if values is None or not values.keys() >= self._needed:
            return None
        return self._store_run(feeds, values)

    def keep(self, feeds: Feeds, values: Arrays) -> GoldenRun[Array]:
        """Keep a golden run, from now on in shared memory alone if there is some.

        Args:
            feeds: the arrays that were fed.
            values: the outputs, and what passed the cuts, by name.
        """
        if self._shared is not None:
            self._shared.put(feeds, values)
            found = self._shared.find(feeds)
            if found is not None and found.keys() >= self._needed:
                values = found
        return self._store_run(feeds, values)

    def _store_run(self, feeds: Feeds, values: Arrays) -> GoldenRun[Array]:
        answer = Answer(tuple(values[name] for name in self._outputs))
        return self._store.keep(feeds, answer, {**feeds, **values})


def _key(feeds: Feeds) -> tuple[int, ...]:
    return tuple(id(array) for array in feeds.values())


@dataclass(frozen=True, slots=True)
class Cache:
    """The memory for golden values.

    Attributes:
        size: Bytes; 0: every run is a whole one.
        batches: The number of batches that share them.
        shared: Memory that processes have in common; None: this process has its own.
    """

    size: int = 0
    batches: int = 1
    shared: SharedRuns | None = None


NO_CACHE = Cache()


def agreed_profile(measure: Callable[[], Profile], shared: SharedRuns | None) -> Profile:
    """One profile for all processes that share golden runs, so that they cut at the same places.

    Args:
        measure: measures the nodes, in the process that comes first.
        shared: what the processes have in common; None: this process is alone.
    """

    def make() -> Arrays:
        found = measure()
        return {"seconds": found.seconds, "size": found.size}

    found = shared.agreed(make) if shared is not None else make()
    return Profile(found["seconds"], found["size"])
