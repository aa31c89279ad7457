"""Values between stretches as arrays of the host, kept by this process or shared with others."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from analyzer.answers import Answer, Failure, Feeds
from analyzer.runtime.ort.shared_initializers import open_shared_session
from analyzer.runtime.partial.golden_cache import Array, Cache, GoldenRuns, GoldenStore
from analyzer.runtime.stretches.cuts import Cut, with_outputs
from analyzer.runtime.stretches.golden_run import Arrays, GoldenRun
from analyzer.runtime.stretches.plain import returned_between
from analyzer.runtime.stretches.sessions import Stretch
from analyzer.runtime.stretches.strategy import LiveModel, Stretches


class HostValues:
    """`StretchValues` of a model on the host."""

    whole_from_golden = False

    def __init__(
        self,
        model: LiveModel,
        stretches: Stretches,
        cuts: Sequence[Cut],
        sample: Feeds,
        cache: Cache,
    ) -> None:
        """Run the sample fault-free.

        Args:
            model: the optimized graph and its live weights, golden at present.
            stretches: opens the nodes between two cuts.
            cuts: the kept ones by position, the trivial one first.
            sample: one batch.
            cache: memory for golden values.

        Raises:
            ValueError: the model fails on the sample, or returns what is no array.
        """
        self._model, self._stretches = model, stretches
        self.cuts, self.outputs = tuple(cuts), model.outputs
        passing = {name for cut in cuts for name in cut.values}
        self._names = sorted(passing - {*self.outputs, *sample})
        self._tap = open_shared_session(with_outputs(model.stripped, self._names), model.ort_values)
        # With --cache 0 one golden run is kept all the same: the sample's, to try stretches on.
        store: GoldenStore[Array] = GoldenStore(cache.batches if cache.size > 0 else 1)
        self._runs = GoldenRuns(store, cache.shared, self.outputs, self._names)
        found = self.known(sample) or self.golden(sample)
        if isinstance(found, Failure):
            raise ValueError(f"the model fails on the sample: {found.message}")
        self.sample: GoldenRun[Array] = found

    def golden(self, feeds: Feeds) -> GoldenRun[Array] | Failure:
        """As in `StretchValues`."""
        result = self._tap.run(feeds)
        if isinstance(result, Failure):
            return result
        named = zip((*self.outputs, *self._names), result.outputs, strict=True)
        return self._runs.keep(feeds, dict(named))

    def known(self, feeds: Feeds) -> GoldenRun[Array] | None:
        """As in `StretchValues`."""
        return self._runs.find(feeds)

    def fed(self, feeds: Feeds) -> Arrays:
        """As in `StretchValues`."""
        return feeds

    def open(self, begin: int, end: int) -> Stretch:
        """As in `StretchValues`."""
        last = self.cuts[end] if end < len(self.cuts) else self._model.end
        outputs = returned_between(self._model, self.cuts[begin], last)
        return self._stretches.between(self.cuts[begin], last, self.sample.values, outputs)

    def same(self, made: Arrays, golden: GoldenRun[Array]) -> bool:
        """As in `StretchValues`."""
        values = golden.values
        return all(_same_bytes(made[name], values[name]) for name in made)

    def answer(self, golden: Answer, *made: Mapping[str, Array]) -> Answer:
        """As in `StretchValues`."""
        found = dict(zip(self.outputs, golden.outputs, strict=True))
        for values in made:
            found.update((name, values[name]) for name in values.keys() & found.keys())
        return Answer(tuple(found.values()))


def _same_bytes(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return a.shape == b.shape and a.tobytes() == b.tobytes()
