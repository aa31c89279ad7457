"""Partial re-execution: late start and early stop.

The optimized graph is cut where few values pass. What passes the cuts without faults is kept for
each batch. A run under a pattern starts late, at the last cut before the first node that reads a
faulty weight. If all faults lie between two cuts, it may stop early, at the second one: if the
values there are golden bit for bit, the faults are masked and the answer is the golden one.

The values stay where the weights are: in arrays on the host, in a device's own memory otherwise.
`StretchValues` hides which.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Generic, Protocol

from analyzer.answers import Answer, Failure, Feeds, Result
from analyzer.runtime.stretches.cuts import Cut
from analyzer.runtime.stretches.golden_run import WHOLE, GoldenRun, LateStart, V


class ValueStretch(Protocol[V]):
    """Nodes between two cuts, opened on the present weights."""

    def run(self, values: Mapping[str, V]) -> Mapping[str, V] | Failure:
        """Run the nodes; returns what they make, by name.

        Args:
            values: what passes the cut before them, by name.
        """


class StretchValues(Protocol[V]):
    """Values between the stretches of one graph, where its live weights are."""

    cuts: tuple[Cut, ...]
    """The kept cuts by position, the trivial one first."""

    outputs: tuple[str, ...]
    """Names of the values of an answer."""

    sample: GoldenRun[V]
    """The golden run of one batch, on which every stretch must give golden values."""

    whole_from_golden: bool
    """True if a whole run, too, takes its inputs from the golden run: they are on the device."""

    def golden(self, feeds: Feeds) -> GoldenRun[V] | Failure:
        """Run fault-free, and keep what passes the cuts. The weights must be golden."""

    def known(self, feeds: Feeds) -> GoldenRun[V] | None:
        """The golden run of these very arrays, if it is kept."""

    def fed(self, feeds: Feeds) -> Mapping[str, V]:
        """Inputs as values that stretches take."""

    def open(self, begin: int, end: int) -> ValueStretch[V] | None:
        """The stretch between two kept cuts; None if it is of no use here.

        Args:
            begin: index of the first cut.
            end: index of the second one, or the number of cuts for the end of the graph.
        """

    def same(self, made: Mapping[str, V], golden: GoldenRun[V]) -> bool:
        """True if ``made`` equals the values of ``golden``, bit for bit.

        Args:
            made: values that a stretch made, by name.
            golden: the golden run of the same batch.
        """

    def answer(self, golden: Answer, *made: Mapping[str, V]) -> Answer:
        """The answer of a run, on the host.

        Args:
            golden: outputs that no stretch made are taken from it.
            made: values that stretches made, by name; later ones count.
        """


class PartialExecution(Generic[V]):
    """Faulty runs of one graph from late starts, and their early stops."""

    def __init__(
        self, values: StretchValues[V], early_stops: Sequence[bool], in_stretches: bool = False
    ) -> None:
        """Stretches are opened when a pattern first needs them.

        Args:
            values: what passes the cuts, and what opens stretches.
            early_stops: by stretch between two kept cuts: true if to look for golden values at its
                end is worth its time.
            in_stretches: whether a whole run is faster stretch by stretch; tried out here.
        """
        self.values, self.cuts = values, values.cuts
        self._positions = [cut.position for cut in values.cuts]
        self.early_stops = tuple(early_stops)
        self._stretches: dict[tuple[int, int], ValueStretch[V] | None] = {}
        if values.whole_from_golden:  # the session of the whole graph, which needs no trying out
            self._stretches[0, len(self.cuts)] = values.open(0, len(self.cuts))
        self._in_stretches = in_stretches and self._ready(0, len(self.cuts))

    def golden(self, feeds: Feeds) -> Result:
        """Run fault-free, and keep what passes the cuts. The weights must be golden."""
        found = self.values.golden(feeds)
        return found if isinstance(found, Failure) else found.answer

    def known(self, feeds: Feeds) -> GoldenRun[V] | None:
        """The golden run of these very arrays, if it is kept."""
        return self.values.known(feeds)

    def late_start(self, first: int, last: int) -> LateStart:
        """The place where a run begins; the stretches that it needs are opened.

        The weights must be golden: kernels may look at them when they are created.

        Args:
            first: first node that reads a faulty weight.
            last: last node that reads one.
        """
        cut = bisect_right(self._positions, first) - 1
        following = cut + 1
        end = len(self.cuts)
        stop = following < end and last < self._positions[following] and self.early_stops[cut]
        if stop and self._ready(cut, following) and self._ready(following, end):
            return LateStart(cut, early_stop=True)
        return LateStart(cut, early_stop=False) if cut and self._ready(cut, end) else WHOLE

    def _ready(self, begin: int, end: int) -> bool:
        """True if the stretch between two cuts is open and gives golden values on the sample."""
        key = begin, end
        if key not in self._stretches:
            stretch, sample = self.values.open(begin, end), self.values.sample
            made = stretch.run(sample.values) if stretch else None
            usable = made is not None and not isinstance(made, Failure)
            usable = usable and self.values.same(made, sample)  # type: ignore[arg-type]  # a mapping
            self._stretches[key] = stretch if usable else None
        return self._stretches[key] is not None

    def run_from(self, start: LateStart, feeds: Feeds) -> Result | None:
        """Run with the present weights; None if the live session is the way to do it.

        Args:
            start: where; no fault is read before.
            feeds: one batch.
        """
        if start is not WHOLE or self.values.whole_from_golden:
            golden = self.values.known(feeds)
            if golden is not None:
                return self._run(start, golden)
        return self._run_whole(feeds) if self._in_stretches else None

    def _run_whole(self, feeds: Feeds) -> Result:
        fed = self.values.fed(feeds)
        made = self._stretch(0, len(self.cuts)).run(fed)
        sample = self.values.sample.answer
        return made if isinstance(made, Failure) else self.values.answer(sample, fed, made)

    def _run(self, start: LateStart, golden: GoldenRun[V]) -> Result:
        values, cut = golden.values, start.cut
        early: Mapping[str, V] = {}
        if start.early_stop:
            found = self._stretch(cut, cut + 1).run(values)
            if isinstance(found, Failure):
                return found
            if self.values.same(found, golden):
                return golden.answer
            values, cut, early = {**values, **found}, cut + 1, found
        made = self._stretch(cut, len(self.cuts)).run(values)
        return made if isinstance(made, Failure) else self.values.answer(golden.answer, early, made)

    def _stretch(self, begin: int, end: int) -> ValueStretch[V]:
        stretch = self._stretches[begin, end]
        assert stretch is not None, "`late_start` promised it"
        return stretch
