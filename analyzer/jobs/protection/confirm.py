"""Confirmation of a plan: single events on the protected memory, with a seed of their own."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from analyzer.campaign.coding_loss import CodingLoss
from analyzer.campaign.journal.journal import Journal
from analyzer.campaign.result import Stop
from analyzer.faults.protections.protection import Protection
from analyzer.gate.harm_budget import HarmBudget
from analyzer.gate.target import TargetFigure
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.journals import journal_of_plan
from analyzer.jobs.observer import Observer
from analyzer.jobs.requests.fields import NOWHERE
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.jobs.requests.target import ELSEWHERE, STATED, TargetRequest
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.target.measure import Measured, measure_target
from analyzer.stats.intervals import Interval
from analyzer.targets.target import Budget, DeploymentTarget, Requirements

FIGURES = {"sdc": TargetFigure.SDC_FIT, "due": TargetFigure.DUE_FIT}
"""Outcome -> the figure of a target that adds it up."""


@dataclass(frozen=True, slots=True)
class RegionFound:
    """Outcomes of one event in a protected memory.

    Attributes:
        bits: Of the memory, check bits included.
        sdc: P(SDC | one event there); None: it is not known, or several events meet there.
        due: P(DUE | one event there).
        trials: Of one event each.
    """

    bits: int
    sdc: Interval | None
    due: Interval | None
    trials: int


@dataclass(frozen=True, slots=True)
class PlanFound:
    """Figures of a confirmed plan.

    Attributes:
        regions: Memory by memory.
        figures: Outcome -> its figure in the unit of the budgets; None: it is not known.
        cut_short: Reasons why parts of the campaign ended early; empty: all was decided.
        share_left_out: Of the stored bits, what no event can hit, as a fraction.
        coding: What the encoding of a scheme costs without faults; None: nothing is lost.
    """

    regions: tuple[RegionFound, ...]
    figures: Mapping[str, Interval | None]
    cut_short: frozenset[Stop]
    share_left_out: float
    coding: CodingLoss | None


class PlanCampaign(Protocol):
    """Measures what single events come to in protected memories."""

    def __call__(
        self, protections: Sequence[Protection], seed: int, confidence: float, budget: float
    ) -> PlanFound:
        """Run single events until every budget is decided.

        Args:
            protections: of each memory.
            seed: of every random number.
            confidence: of all figures together, in (0, 1).
            budget: CPU seconds.
        """


@dataclass(frozen=True)
class OnTarget:
    """The campaign of a report on a target, with the plan in the place of its protections.

    Attributes:
        request: What is asked for.
        target: The target.
        budgets: Trials end once these are decided.
        observer: Is told how it goes.
        watch: The clock of the search.
    """

    request: ProtectRequest
    target: DeploymentTarget
    budgets: Sequence[HarmBudget]
    observer: Observer
    watch: Stopwatch

    def __call__(
        self, protections: Sequence[Protection], seed: int, confidence: float, budget: float
    ) -> PlanFound:
        """Run single events; see `PlanCampaign`.

        Args:
            protections: of each memory.
            seed: of every random number.
            confidence: of all figures together, in (0, 1).
            budget: CPU seconds.
        """
        target = protected_target(self.target, protections, self.budgets)
        asked = plan_request(self.request, target, seed, confidence, budget)
        measured = measure_target(asked, target, self.observer, self.watch, self._journal)
        return _found(measured, self.budgets)

    def _journal(
        self, analysis: Analysis, _request: TargetRequest, observer: Observer
    ) -> AbstractContextManager[Journal | None]:
        """The journal of one confirmation."""
        return journal_of_plan(self.request.journal, analysis, observer)


_OF_ITS_OWN = {
    *("outputs", "command", "target", "gate", "seed", "confidence", "budget"),
    *("precision", "journal", *STATED, *ELSEWHERE),
}
"""Fields of a request on a target that do not follow from those of a plan."""


def plan_request(
    request: ProtectRequest,
    target: DeploymentTarget,
    seed: int,
    confidence: float,
    budget: float,
) -> TargetRequest:
    """The request for single events on a target, as the request for a plan would have it.

    Args:
        request: for a plan.
        target: the target.
        seed: of every random number.
        confidence: of all figures together, in (0, 1).
        budget: CPU seconds.
    """
    own = TargetRequest.model_fields.keys() & ProtectRequest.model_fields.keys()
    given = {name: getattr(request, name) for name in own - _OF_ITS_OWN}
    return TargetRequest(
        **given,
        target=target,
        seed=seed,
        confidence=confidence,
        budget=budget,
        journal=NOWHERE,
    )


def protected_target(
    target: DeploymentTarget, protections: Sequence[Protection], budgets: Sequence[HarmBudget]
) -> DeploymentTarget:
    """A target with other protections, and these budgets alone.

    Args:
        target: the target.
        protections: of each of its regions.
        budgets: in FIT.
    """
    regions = tuple(
        region.model_copy(update={"protection": protection.name})
        for region, protection in zip(target.region, protections, strict=True)
    )
    budget = Budget(**{FIGURES[b.outcome].value: b.bound for b in budgets})
    changed = {"region": regions, "budget": budget, "requirements": Requirements()}
    return target.model_copy(update=changed)


def _found(measured: Measured, budgets: Sequence[HarmBudget]) -> PlanFound:
    prepared, events = measured.prepared, measured.events
    regions = []
    for number, exposure in enumerate(prepared.exposures):
        seen = events.figures.regions.get(number) if events else None
        strata = events.of(number) if events else []
        regions.append(
            RegionFound(
                bits=exposure.bits,
                sdc=seen.sdc if seen else None,
                due=seen.due if seen else None,
                trials=sum(stratum.seen.tally.trials for stratum in strata),
            )
        )
    analysis = prepared.analysis
    return PlanFound(
        regions=tuple(regions),
        figures={b.outcome: measured.figures.interval(FIGURES[b.outcome]) for b in budgets},
        cut_short=measured.cut_short,
        share_left_out=analysis.model.inventory.share_left_out,
        coding=analysis.coding,
    )
