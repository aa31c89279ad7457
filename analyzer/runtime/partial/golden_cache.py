"""Golden values at the cuts, kept per batch."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import onnx

from analyzer.answers import Answer, Feeds
from analyzer.memory.shared_arrays import SharedArrays
from analyzer.runtime.ort.shared_initializers import Borrowed
from analyzer.runtime.stretches.golden_run import Arrays, GoldenRun
from analyzer.runtime.stretches.profile import Profile, profile_nodes


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

    def keep(self, feeds: Feeds, answer: Answer, values: Arrays) -> GoldenRun:
        """Keep a golden run, and forget the one that was not used for longest if there are more."""
        run = self._runs[_key(feeds)] = GoldenRun(tuple(feeds.values()), answer, values)
        if len(self._runs) > self._most:
            self._runs.popitem(last=False)
        return run


class SharedRuns:
    """What passes the cuts in golden runs, computed by one process of this machine for all."""

    def __init__(self, shelf: SharedArrays, batches: Sequence[Feeds]) -> None:
        """Every process has the same ``batches``, in the same order, in arrays of its own."""
        self._shelf = shelf
        self._batches = tuple(batches)  # kept, so that nothing else is ever found at its address
        self._places = {_key(feeds): place for place, feeds in enumerate(self._batches, 1)}

    def find(self, feeds: Feeds) -> Arrays | None:
        """The values of one batch, if some process has put them there."""
        place = self._places.get(_key(feeds))
        return None if place is None else self._shelf.find(place)

    def put(self, feeds: Feeds, values: Arrays) -> None:
        """Put those of one batch there, unless they are."""
        place = self._places.get(_key(feeds))
        if place is not None:
            self._shelf.put(place, values)

    def agreed(self, make: Callable[[], Arrays]) -> Arrays:
        """What the first process made of this; it may be another thing each time."""
        found = self._shelf.find(0)
        if found is not None:
            return found
        made = make()
        self._shelf.put(0, made)
        return self._shelf.find(0) or made


class GoldenRuns:
    """Golden runs of one process: those that it made, and those that it shares with others."""

    def __init__(
        self,
        store: GoldenStore,
        shared: SharedRuns | None,
        outputs: Sequence[str],
        names: Sequence[str],
    ) -> None:
        """Begin with none.

        Args:
            store: keeps them.
            shared: what other processes made.
            outputs: what an answer consists of.
            names: what passes the cuts, besides.
        """
        self._store, self._shared = store, shared
        self._outputs, self._needed = tuple(outputs), {*outputs, *names}

    def find(self, feeds: Feeds) -> GoldenRun | None:
        """The golden run of these very arrays, if it is known."""
        found = self._store.find(feeds)
        if found is not None or self._shared is None:
            return found
        values = self._shared.find(feeds)
        if values is None or not values.keys() >= self._needed:
            return None
        return self._store_run(feeds, values)

    def keep(self, feeds: Feeds, values: Arrays) -> GoldenRun:
        """Keep a golden run, from now on in shared memory alone if there is some."""
        if self._shared is not None:
            self._shared.put(feeds, values)
            found = self._shared.find(feeds)
            if found is not None and found.keys() >= self._needed:
                values = found
        return self._store_run(feeds, values)

    def _store_run(self, feeds: Feeds, values: Arrays) -> GoldenRun:
        answer = Answer(tuple(values[name] for name in self._outputs))
        return self._store.keep(feeds, answer, {**feeds, **values})


def _key(feeds: Feeds) -> tuple[int, ...]:
    return tuple(id(array) for array in feeds.values())


@dataclass(frozen=True, slots=True)
class Cache:
    """How much golden values may take.

    Attributes:
        size: Bytes; 0: every run is a whole one.
        batches: How many batches share them.
        shared: Where processes have them in common; None: this one has its own.
    """

    size: int = 0
    batches: int = 1
    shared: SharedRuns | None = None


NO_CACHE = Cache()


def shared_profile(
    shell: onnx.ModelProto, lent: Borrowed, feeds: Feeds, shared: SharedRuns | None
) -> Profile:
    """The same for all processes that share golden runs, so that they cut where others do."""

    def make() -> Arrays:
        found = profile_nodes(shell, lent, feeds)
        return {"seconds": found.seconds, "size": found.size}

    found = shared.agreed(make) if shared is not None else make()
    return Profile(found["seconds"], found["size"])
