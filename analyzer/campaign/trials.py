"""One trial: draw a pattern, run it, judge it. A pure function of the plan and the trial index."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Feeds
from analyzer.campaign.cells import AnyCell, Cell, SiteCell
from analyzer.campaign.plan import Exposure, Plan
from analyzer.campaign.result import Crash, Upset
from analyzer.campaign.site_draws import draw_upset
from analyzer.evaluation.dataset import AnyBatch, ArrayDigest, StreamedBatch, digest
from analyzer.evaluation.lookahead import map_ahead
from analyzer.evaluation.outcome import Golden, Judge, Outcomes
from analyzer.faults.count_law import CountLaw
from analyzer.faults.models import FaultPattern
from analyzer.faults.pairing import PairedLaw, Pairing
from analyzer.faults.pattern_strata import StratifiedLaw
from analyzer.faults.sampling import draw_batch, generator
from analyzer.faults.severity import Severity
from analyzer.faults.site_strata import SiteStrata
from analyzer.faults.space import FaultSpace
from analyzer.runtime.executor import Executor, Run
from analyzer.runtime.partial.golden_cache import Cache, SharedRuns
from analyzer.stats.tally import Tally

DRAWN_AHEAD = 32
"""Patterns drawn before they are run; of no influence on any result."""


@dataclass(frozen=True)
class TrialContext:
    """Everything that trials share: built once, read by all of them.

    Attributes:
        plan: What is to be done.
        space: The bits at risk.
        severity: Their partition into severe and mild ones; None: patterns are not stratified.
        executor: Runs the model.
        judge: Decides what a run showed.
        input_name: Name of the model's first input.
        batches: The partition of the data set.
        golden: The fault-free answers, one per batch.
        pairing: How patterns follow from those of a reference; None: they are drawn alone.
        sites: For a vulnerability map, the single upsets in strata.
        fed: Digest of what is fed, where it is too large to be fed again for that; else empty.
    """

    plan: Plan
    space: FaultSpace
    severity: Severity | None
    executor: Executor
    judge: Judge
    input_name: str
    batches: tuple[AnyBatch, ...]
    golden: tuple[Golden, ...]
    pairing: Pairing | None = None
    sites: SiteStrata | None = None
    fed: str = ""

    @property
    def golden_metric(self) -> float:
        """Share of right answers without faults, on all images."""
        return sum(int(g.right.sum()) for g in self.golden) / self.images

    @cached_property
    def images(self) -> int:
        """Images in the data set."""
        return sum(b.images for b in self.batches)

    @property
    def answers(self) -> dict[str, str]:
        """Digests of what is fed and of the golden answers to it."""
        fed = (b.feeds(self.input_name).values() for b in self.batches)
        inputs = self.fed or digest(*chain.from_iterable(fed))
        golden = digest(*(g.outputs[0] for g in self.golden))
        return {"inputs": inputs, "golden": golden}

    @cached_property
    def unit(self) -> int:
        """A number that the images of any one trial divide."""
        if self.plan.exposure is Exposure.RESIDENT:
            return self.images
        return math.lcm(*{b.images for b in self.batches})

    @property
    def images_per_trial(self) -> int:
        """Most images that share one pattern."""
        if self.plan.exposure is Exposure.RESIDENT:
            return self.images
        return max(b.images for b in self.batches)

    @cached_property
    def _ends(self) -> npt.NDArray[np.int64]:
        """Running totals of the batch sizes."""
        return np.cumsum([b.images for b in self.batches], dtype=np.int64)

    def law(self, rate: float) -> CountLaw:
        """The count law of one rate."""
        return CountLaw(self.space.bits, rate)

    def split(self, rate: float) -> StratifiedLaw | PairedLaw:
        """The count law of one rate, split by severity."""
        return self._split[rate]

    @cached_property
    def _split(self) -> Mapping[float, StratifiedLaw | PairedLaw]:
        rates, fault = self.plan.rates, self.plan.fault
        if self.pairing is not None:
            return {rate: self.pairing.law(rate, fault) for rate in rates}
        return {rate: StratifiedLaw(self.space.bits, self.severity, rate, fault) for rate in rates}

    def trials(self, cell: AnyCell, start: int, stop: int) -> Iterator[Outcomes]:
        """Run the trials ``start`` .. ``stop - 1`` of ``cell``, in order.

        Patterns are drawn and resolved some at a time, which keeps that code in the caches that
        each inference empties.

        Raises:
            NotRestored: after a trial a weight is not golden.
        """
        for first in range(start, stop, DRAWN_AHEAD):
            indices = range(first, min(first + DRAWN_AHEAD, stop))
            drawn = [self._draw(cell, i) for i in indices]
            prepared = [(chosen, self.executor.inject(pattern)) for chosen, pattern in drawn]
            for chosen, injection in prepared:
                yield self._run(chosen, injection)

    def trial(self, cell: AnyCell, index: int) -> Outcomes:
        """Run one trial: a pure function of the plan, the cell and the index."""
        return next(self.trials(cell, index, index + 1))

    def device(self, outcomes: Outcomes) -> float:
        """The metric of a device on which a trial had these outcomes."""
        return self.golden_metric + (outcomes.gained - outcomes.lost) / outcomes.images

    def crash(self, cell: AnyCell, index: int) -> Crash:
        """The pattern of a trial that killed its process, site by site."""
        _, pattern = self._draw(cell, index)
        located = (self.space.locate(site) for site in pattern.sites.tolist())
        named = ((self.space.tensors[t].name, element, bit) for t, element, bit in located)
        stratum = cell.name
        if isinstance(cell, Cell):
            stratum = self.split(cell.rate).strata[cell.stratum].name
        return Crash(stratum, index, tuple(Upset(*site) for site in named))

    def crashed(self, cell: AnyCell, index: int) -> Outcomes:
        """The outcomes of such a trial: DUE on every image."""
        chosen, _ = self._draw(cell, index)
        images = sum(self.batches[i].images for i in chosen)
        right = sum(int(np.count_nonzero(self.golden[i].right)) for i in chosen)
        return Outcomes(images, due=images, lost=right, right=right)

    def _draw(self, cell: AnyCell, index: int) -> tuple[Sequence[int], FaultPattern]:
        """The batches and the pattern of one trial."""
        if isinstance(cell, SiteCell):
            assert self.sites is not None
            return draw_upset(self.plan, self.sites, cell, index, self._ends)
        law = self.split(cell.rate)
        stratum = law.strata[cell.stratum]
        source = self.pairing.plan_id if self.pairing is not None else self.plan.id
        rng = generator(source, f"rate={cell.rate!r} stratum={stratum.name}", index)
        chosen: Sequence[int] = (draw_batch(rng, self._ends),)
        if self.plan.exposure is Exposure.RESIDENT:
            chosen = range(len(self.batches))
        return chosen, law.draw(rng, stratum)

    def _run(self, chosen: Sequence[int], injection: AbstractContextManager[Run]) -> Outcomes:
        total = Outcomes()
        with injection as run:
            for i in chosen:
                batch = self.batches[i]
                result = run(batch.feeds(self.input_name))
                total += self.judge.outcomes(self.golden[i], result, batch.labels)
        return total

    def tally(self, outcomes: Iterable[Outcomes]) -> Tally:
        """The tally of some trials."""
        counts = ((o.images, o.sdc, o.due, o.masked, o.lost, o.gained, o.right) for o in outcomes)
        return Tally.of_trials(self.unit, counts)


def prepare_trials(
    plan: Plan,
    space: FaultSpace,
    severity: Severity | None,
    executor: Executor,
    judge: Judge,
    input_name: str,
    batches: tuple[AnyBatch, ...],
    step: Callable[[], object] = lambda: None,
    first: Answer | None = None,
    threads: int = 1,
) -> TrialContext:
    """Run every batch once without faults; call ``step`` after each.

    The first is not run again if ``first`` is its answer. Batches may be run at the same time, in
    ``threads``: each on one, so that the answers are the same.

    Raises:
        GoldenFailed: the fault-free model fails or answers NaN.
    """
    golden = []
    sha = ArrayDigest() if is_streamed(batches) else None
    known = list(_fed(batches[:1], input_name, sha)) if first else []
    waiting = _fed(batches[len(known) :], input_name, sha)
    with closing(map_ahead(executor.run, waiting, threads, "relcheck-golden")) as answers:
        every = chain((first,), answers) if first else answers
        for batch, answer in zip(batches, every, strict=True):
            golden.append(judge.golden(answer, batch.labels, batch.images))
            step()
    parts = (plan, space, severity, executor, judge, input_name, batches, tuple(golden))
    return TrialContext(*parts, fed=sha.hex if sha else "")


def _fed(batches: Sequence[AnyBatch], name: str, sha: ArrayDigest | None) -> Iterator[Feeds]:
    """What batches feed, one by one; it is digested on the way where ``sha`` is given."""
    for batch in batches:
        feeds = batch.feeds(name)
        if sha is not None:
            sha.add(*feeds.values())
        yield feeds


def is_streamed(batches: Sequence[AnyBatch]) -> bool:
    """Whether batches are made whenever they are run."""
    return isinstance(batches[0], StreamedBatch)


def cache_for(batches: Sequence[AnyBatch], size: int, shared: SharedRuns | None = None) -> Cache:
    """What golden values may take.

    Args:
        batches: all that are run.
        size: bytes that there are for them.
        shared: where processes have them in common.

    Returns:
        None at all where batches are made anew each time: golden values are found by the arrays
        that were fed, which would have to be kept.
    """
    return Cache(0 if is_streamed(batches) else size, len(batches), shared)
