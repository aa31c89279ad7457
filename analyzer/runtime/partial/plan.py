"""The strategy and the cuts of partial re-execution on the host: the cheapest mean run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache as remembered
from typing import cast

import numpy as np
import numpy.typing as npt

from analyzer.answers import Feeds
from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.session import short_reason
from analyzer.runtime.partial.cut_plan import (
    CALL_SECONDS,
    CutCosts,
    CutPlan,
    candidates,
    choose_cuts,
    mean_seconds,
    reach_weights,
)
from analyzer.runtime.partial.execution import PartialExecution
from analyzer.runtime.partial.golden_cache import Array, Cache, agreed_profile
from analyzer.runtime.partial.host_values import HostValues
from analyzer.runtime.stretches.cuts import Cut, Floats, find_cuts
from analyzer.runtime.stretches.plain import plain_offer
from analyzer.runtime.stretches.profile import FORBIDDEN_SIZE, Profile, cut_sizes, profile_nodes
from analyzer.runtime.stretches.reading_nodes import ReadingNodes
from analyzer.runtime.stretches.strategy import LiveModel, Offer, Strategy, Stretches, Use

MASKED_SHARE = 0.1
"""Share of single upsets taken to be masked by the next cut (measured: fp32 0.2, int8 0.4)."""

ONE_NODE = NotApplied("the optimized graph has a single node, so that nothing can be left out")
NOTHING_IN_PLACE = NotApplied("no tensor is faulted in place")
NO_MEMORY = NotApplied("no memory is given to golden values (--cache)")
NO_GAIN = NotApplied("no cut saves enough of a run to be worth a session")


@dataclass(frozen=True, slots=True)
class HostPartial:
    """Partial re-execution of one model on the host.

    Attributes:
        execution: It, or why every run is a whole one.
        stretches: What opens its stretches; None if every run is a whole one.
        reasons: By strategy that was asked for: why it is not in force.
    """

    execution: PartialExecution[Array] | NotApplied
    stretches: Stretches | None = None
    reasons: Mapping[str, NotApplied] = field(default_factory=dict)

    def state(self, strategy: str) -> str | NotApplied:
        """The work of a strategy here, or the reason why it is not in force.

        Args:
            strategy: its name.
        """
        if isinstance(self.execution, NotApplied) or self.stretches is None:
            return self.reasons.get(strategy, cast(NotApplied, self.execution))
        return self.reasons.get(strategy, self.stretches.description)


@dataclass(frozen=True, slots=True)
class _Planned:
    """An offer with the cuts that suit it best; ``strategy`` is "" for plain sessions."""

    strategy: str
    offer: Offer
    plan: CutPlan

    @property
    def mean(self) -> float:
        return self.plan.mean + self.offer.overhead


class Planner:
    """Finds the cuts that are best for one model and one amount of memory."""

    def __init__(
        self, model: LiveModel, readers: ReadingNodes, sample: Feeds, cache: Cache, use: Use
    ) -> None:
        """Nothing is measured yet.

        Args:
            model: the optimized graph and its live weights, golden at present.
            readers: of the tensors that are faulted in place.
            sample: one batch.
            cache: memory for golden values.
            use: cuts where they pay, or everywhere.
        """
        self.model, self._readers, self._sample = model, readers, sample
        self._cache, self._use = cache, use
        self.cuts = find_cuts(model.stripped.graph)
        self.profile = remembered(self._measured)

    @property
    def refusal(self) -> NotApplied | None:
        """The reason why no run of this model can be a partial one; None: some can."""
        if len(self.cuts) < 2:
            return ONE_NODE
        return None if len(self._readers.first) else NOTHING_IN_PLACE

    def _measured(self) -> Profile:
        model = self.model
        return agreed_profile(
            lambda: profile_nodes(model.stripped, model.ort_values, self._sample),
            self._cache.shared,
        )

    def plan(self, offer: Offer) -> CutPlan:
        """The cuts whose golden values are worth their memory."""
        cache, first = self._cache, self._readers.first.tolist()
        seconds, sizes = self.seconds(offer), self._sizes(offer)
        few = [0]
        if cache.size > 0:
            every = range(len(self.cuts))
            found = every if self._everywhere else candidates(sizes, seconds, first)
            few = [i for i in found if i == 0 or sizes[i] < FORBIDDEN_SIZE]
        hits = reach_weights(first, self._readers.bits.tolist(), few)
        costs = CutCosts(hits, seconds[few], sizes[few] * cache.batches, offer.per_cut)
        kept = list(range(len(few))) if self._everywhere else choose_cuts(costs, cache.size)
        return CutPlan([few[i] for i in kept], mean_seconds(costs, kept))

    def seconds(self, offer: Offer) -> Floats:
        """A run from each cut to the end, float64 (cuts,)."""
        return np.cumsum(offer.seconds[::-1])[::-1]

    def early_stops(self, offer: Offer, kept: Sequence[int]) -> list[bool]:
        """By kept cut but the first: true if to compare values there is worth its time.

        Args:
            offer: the cost of runs.
            kept: positions of the kept cuts.
        """
        saved = self.seconds(offer)[list(kept)][1:] * MASKED_SHARE
        return [self._everywhere or bool(s > 2 * CALL_SECONDS) for s in saved]

    @property
    def _everywhere(self) -> bool:
        return self._use is Use.EVERYWHERE

    def _sizes(self, offer: Offer) -> npt.NDArray[np.int64]:
        sizes = cut_sizes(self.cuts, self.model.stripped.graph, self.profile(), self._sample)
        allowed = [offer.hidden.isdisjoint(cut.values) for cut in self.cuts]
        return np.where(allowed, sizes, FORBIDDEN_SIZE)


def open_partial(
    model: LiveModel,
    readers: ReadingNodes,
    strategies: Sequence[Strategy],
    sample: Feeds,
    cache: Cache,
    use: Use = Use.WHERE_IT_PAYS,
) -> HostPartial:
    """Compare the strategies, cut the graph for the cheapest that opens, and keep all reasons.

    Args:
        model: the optimized graph and its live weights, golden at present.
        readers: of the tensors that are faulted in place.
        strategies: ways to run stretches, besides plain sessions.
        sample: one batch.
        cache: memory for golden values.
        use: where it pays, or everywhere.
    """
    planner = Planner(model, readers, sample, cache, use)
    if planner.refusal is not None:
        return HostPartial(planner.refusal)
    offers, reasons = _offers(planner, strategies, use)
    if cache.size <= 0 and not offers:
        return HostPartial(NO_MEMORY, reasons=reasons)
    plain = _Planned("", offer := plain_offer(model, planner.profile()), planner.plan(offer))
    for planned in _ranked(planner, offers, plain, reasons, use):
        found = _opened(planner, planned, sample, cache)
        if isinstance(found, HostPartial):
            others = {name: _beaten(planned) for name in offers if name != planned.strategy}
            return replace(found, reasons={**others, **reasons})
        reasons[planned.strategy] = found
    return replace(_plain(planner, plain, sample, cache), reasons=reasons)


def _plain(planner: Planner, plain: "_Planned", sample: Feeds, cache: Cache) -> HostPartial:
    """Partial re-execution by plain sessions."""
    if len(plain.plan.kept) < 2:  # a single stretch from the first node is a whole run
        return HostPartial(NO_GAIN if cache.size > 0 else NO_MEMORY)
    found = _opened(planner, plain, sample, cache)
    return HostPartial(found) if isinstance(found, NotApplied) else found


def _ranked(
    planner: Planner,
    offers: Mapping[str, Offer],
    plain: _Planned,
    reasons: dict[str, NotApplied],
    use: Use,
) -> list[_Planned]:
    """The offers that are cheaper than plain sessions, the cheapest first; all, to try out all."""
    planned = [_Planned(name, offer, planner.plan(offer)) for name, offer in offers.items()]
    if use is Use.EVERYWHERE:
        return planned
    reasons.update({p.strategy: _no_gain(p, plain) for p in planned if p.mean >= plain.mean})
    return sorted((p for p in planned if p.mean < plain.mean), key=lambda p: p.mean)


def _offers(
    planner: Planner, strategies: Sequence[Strategy], use: Use
) -> tuple[dict[str, Offer], dict[str, NotApplied]]:
    offers, reasons = {}, {}
    for strategy in strategies:
        found = strategy.offer(planner.model, planner.profile, use)
        if isinstance(found, NotApplied):
            reasons[strategy.name] = found
        else:
            offers[strategy.name] = found
    return offers, reasons


def _no_gain(found: _Planned, plain: _Planned) -> NotApplied:
    return NotApplied(
        f"a mean run would take {1e3 * found.mean:.3g} ms instead of {1e3 * plain.mean:.3g} ms"
    )


def _beaten(by: _Planned) -> NotApplied:
    return NotApplied(f"{by.strategy} is faster on this model, and one of both can run a stretch")


def _opened(
    planner: Planner, planned: _Planned, sample: Feeds, cache: Cache
) -> HostPartial | NotApplied:
    kept = planned.plan.kept
    cuts: list[Cut] = [planner.cuts[i] for i in kept]
    try:
        stretches = planned.offer.open(cuts, sample)
        if isinstance(stretches, NotApplied):
            return stretches
        values = HostValues(planner.model, stretches, cuts, sample, cache)
        stops = planner.early_stops(planned.offer, kept)
        return HostPartial(PartialExecution(values, stops, stretches.whole), stretches, {})
    except Exception as error:  # of ONNX Runtime: a value that cannot be taken out or fed
        return NotApplied(f"ONNX Runtime refuses a stretch of the graph: {short_reason(error)}")
