"""Drafts and confirmations in turn, until a plan passes or none is left.

A draft follows from maps with the seed of the request. Its confirmation has a seed of its own, so
that it knows nothing of the figures that chose the plan. Each of R rounds is judged with the share
alpha / R of the error: whichever round passes, a plan that is beyond its budget passes with a
probability of alpha at most (Bonferroni). A plan that did not pass makes the next draft's budget
smaller; figures of one round do not enter another's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from analyzer.gate import MOST, Verdict
from analyzer.gate.harm_budget import HarmBudget
from analyzer.jobs.protection.confirm import PlanCampaign, PlanFound
from analyzer.jobs.protection.draft import Draft, Surveyed, draft_plan
from analyzer.planning.offers import Limits
from analyzer.stats.intervals import Interval

TIGHTER = 0.7
"""Factor on the budget of a next draft, at most."""

LEAST = 0.01
"""Share of the budget below which no draft is made."""


@dataclass(frozen=True)
class Round:
    """One draft and its confirmation.

    Attributes:
        draft: The plan.
        limits: The budgets that it was drafted for.
        seed: Of the confirmation.
        found: What was found.
        judged: For each budget, the figure in its unit and the verdict.
    """

    draft: Draft
    limits: Limits
    seed: int
    found: PlanFound
    judged: tuple[tuple[HarmBudget, Interval | None, Verdict], ...]

    @property
    def verdict(self) -> Verdict:
        """Of all budgets together."""
        verdicts = {verdict for _, _, verdict in self.judged}
        order = (Verdict.FAIL, Verdict.UNDECIDED, Verdict.PASS)
        return next(verdict for verdict in order if verdict in verdicts)


def limits_of(budgets: Sequence[HarmBudget], deviations: float) -> Limits:
    """Budgets as the planner takes them.

    Args:
        budgets: one for each outcome at most.
        deviations: standard deviations that a plan allows for.
    """
    bounds = {budget.outcome: budget.bound for budget in budgets}
    return Limits(bounds.get("sdc"), bounds.get("due"), deviations)


@dataclass(frozen=True)
class Terms:
    """The terms of all rounds.

    Attributes:
        budgets: What a plan has to meet.
        rounds: How many plans are tried.
        confidence: With which the confirmed figures hold.
        seed: Of the first confirmation; each further one has the next.
        deviations: Standard deviations that a draft allows for.
    """

    budgets: Sequence[HarmBudget]
    rounds: int
    confidence: float
    seed: int
    deviations: float

    @property
    def confidence_of_a_round(self) -> float:
        """With which all figures of one round hold, so that those of all rounds hold together."""
        return 1.0 - (1.0 - self.confidence) / self.rounds


def try_plans(
    surveyed: Sequence[Surveyed],
    terms: Terms,
    campaign: PlanCampaign,
    time_left: Callable[[], float],
) -> list[Round]:
    """Draft and confirm until a plan passes, no plan is left, or all rounds were played.

    Args:
        surveyed: the memories.
        terms: of all rounds.
        campaign: measures a protected memory.
        time_left: CPU seconds that are left.

    Returns:
        The rounds, in order; none: there is no plan by the figures of the maps.
    """
    played: list[Round] = []
    limits = limits_of(terms.budgets, terms.deviations)
    draft = draft_plan(surveyed, limits)
    while draft is not None:
        seconds = time_left() / (terms.rounds - len(played))
        played.append(_play(draft, limits, terms, len(played), campaign, seconds))
        last = played[-1]
        if last.verdict is Verdict.PASS or len(played) == terms.rounds or time_left() <= 0.0:
            break
        limits, draft = _tighter(surveyed, last, terms.budgets)
    return played


def _play(
    draft: Draft, limits: Limits, terms: Terms, number: int, campaign: PlanCampaign, seconds: float
) -> Round:
    seed, confidence = terms.seed + number, terms.confidence_of_a_round
    found = campaign(draft.protections, seed, confidence, seconds)
    judged = []
    for budget in terms.budgets:
        interval = found.figures[budget.outcome]
        verdict = budget.judge(interval)
        if verdict is Verdict.PASS and found.share_left_out > MOST:
            verdict = Verdict.UNDECIDED
        judged.append((budget, interval, verdict))
    return Round(draft, limits, seed, found, tuple(judged))


def _tighter(
    surveyed: Sequence[Surveyed], last: Round, budgets: Sequence[HarmBudget]
) -> tuple[Limits, Draft | None]:
    """Budgets under which another plan is drafted, and that plan; None: no other is left.

    A budget that was not met is lowered by as much as its figure is beyond it, and by `TIGHTER` at
    least, until the draft changes.
    """
    limits = last.limits
    failed = {b.outcome: interval for b, interval, v in last.judged if v is not Verdict.PASS}
    bounds = {budget.outcome: budget.bound for budget in budgets}
    while True:
        new = {}
        for outcome, interval in failed.items():
            held: float | None = getattr(limits, outcome)
            assert held is not None, "only budgets are judged"
            beyond = bounds[outcome] / interval.high if interval and interval.high else TIGHTER
            new[outcome] = held * min(TIGHTER, beyond)
        limits = replace(limits, **new)
        if any(value < LEAST * bounds[outcome] for outcome, value in new.items()):
            return limits, None
        draft = draft_plan(surveyed, limits)
        if draft is None or draft.solution.chosen != last.draft.solution.chosen:
            return limits, draft
