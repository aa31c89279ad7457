"""Drafts and confirmations in turn, until a plan passes or none is left.

A draft follows from maps with the seed of the request. Its confirmation has a seed of its own, so
that it knows nothing of the figures that chose the plan. Each of R rounds is judged with the share
alpha / R of the error: whichever round passes, a plan that is beyond its budget passes with a
probability of alpha at most (Bonferroni). A plan that did not pass makes the next draft's budget
smaller; figures of one round do not enter another's.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from analyzer.campaign.result import Stop
from analyzer.errors import BudgetTooSmall
from analyzer.errors.interruption import StoppedAtOnce
from analyzer.gate import MOST, Verdict
from analyzer.gate.harm_budget import HarmBudget
from analyzer.jobs.protection.confirm import PlanCampaign, PlanFound
from analyzer.jobs.protection.draft import Draft, Surveyed, draft_plan
from analyzer.jobs.protection.survey import stops_of
from analyzer.jobs.protection.variants import Drafts, Variant
from analyzer.planning.offers import Limits
from analyzer.stats.intervals import Interval

TIGHTER = 0.7
"""Factor on the budget of a next draft, at most."""

LEAST = 0.01
"""Share of the budget down to which drafts are made."""


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
    def met(self) -> bool:
        """True if every budget is met by its figure; another plan would meet no more."""
        return all(verdict is Verdict.PASS for _, _, verdict in self.judged)

    @property
    def verdict(self) -> Verdict:
        """Of all budgets together; undecided where they are met and most bits are out of scope."""
        verdicts = {verdict for _, _, verdict in self.judged}
        if self.found.share_left_out > MOST:
            verdicts.add(Verdict.UNDECIDED)
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


@dataclass(frozen=True)
class Search:
    """All rounds, and how they ended.

    Attributes:
        rounds: In order.
        first: The plan that the survey suggests; None: none meets the budgets by its figures.
        drafts: Likewise for each variant of the model.
        cut_short: Reasons why parts of the search ended early, the survey among them.
    """

    rounds: tuple[Round, ...]
    first: Draft | None
    drafts: tuple[Draft | None, ...]
    cut_short: frozenset[Stop]

    @property
    def last(self) -> Round | None:
        """The last round; None: no plan was confirmed."""
        return self.rounds[-1] if self.rounds else None

    @property
    def plan(self) -> Draft | None:
        """The plan of the last round, else the one that the survey suggests."""
        return self.last.draft if self.last else self.first

    @property
    def verdict(self) -> Verdict:
        """Of the last round. Without rounds it is a failure only after a whole survey.

        A survey that ended early counts what is untried as harm, so that it rules out no plan.
        """
        if self.last is not None:
            return self.last.verdict
        refuted = self.first is None and not self.cut_short
        return Verdict.FAIL if refuted else Verdict.UNDECIDED


def try_plans(
    variants: Sequence[Variant],
    terms: Terms,
    time_left: Callable[[], float],
) -> Search:
    """Draft and confirm until a plan passes, no plan is left, or all rounds were played.

    Args:
        variants: of the model, at least one.
        terms: of all rounds.
        time_left: CPU seconds that are left.

    Raises:
        StoppedAtOnce: a second signal came.
    """
    before = frozenset[Stop]().union(*(stops_of(v.surveyed[0].survey) for v in variants))
    drafts = Drafts(variants, limits_of(terms.budgets, terms.deviations))
    first, by_variant = drafts.cheapest(), drafts.all
    played: list[Round] = []
    stops: set[Stop] = set()
    if first is not None and Stop.INTERRUPTED not in before:
        try:
            for one in _rounds(variants, drafts, terms, time_left):
                played.append(one)
        except BudgetTooSmall:
            stops.add(Stop.BUDGET)
        except StoppedAtOnce:
            raise
        except KeyboardInterrupt:  # while no campaign ran, which would have kept its results
            stops.add(Stop.INTERRUPTED)
    if played:
        stops |= played[-1].found.cut_short
    return Search(tuple(played), first, by_variant, before | stops)


def _rounds(
    variants: Sequence[Variant],
    drafts: Drafts,
    terms: Terms,
    time_left: Callable[[], float],
) -> Iterator[Round]:
    """Rounds, as long as another plan may do better.

    Raises:
        BudgetTooSmall: the budget does not reach for one more.
    """
    for number in range(terms.rounds):
        draft = drafts.cheapest()
        if draft is None:
            return
        seconds = time_left() / (terms.rounds - number)
        if seconds <= 0.0:
            raise BudgetTooSmall("the --budget ended before the plan was confirmed")
        campaign, limits = variants[draft.variant].campaign, drafts.limits(draft.variant)
        last = _play(draft, limits, terms, number, campaign, seconds)
        yield last
        if last.met or Stop.INTERRUPTED in last.found.cut_short:
            return
        if number + 1 < terms.rounds:
            own = variants[draft.variant].surveyed
            drafts.replace(draft.variant, *_tighter(own, last, terms.budgets, time_left))


def _play(
    draft: Draft, limits: Limits, terms: Terms, number: int, campaign: PlanCampaign, seconds: float
) -> Round:
    seed, confidence = terms.seed + number, terms.confidence_of_a_round
    found = campaign(draft.protections, seed, confidence, seconds)
    judged = []
    for budget in terms.budgets:
        interval = found.figures[budget.outcome]
        judged.append((budget, interval, budget.judge(interval)))
    return Round(draft, limits, seed, found, tuple(judged))


def _tighter(
    surveyed: Sequence[Surveyed],
    last: Round,
    budgets: Sequence[HarmBudget],
    time_left: Callable[[], float],
) -> tuple[Limits, Draft | None]:
    """Budgets under which another plan is drafted, and that plan; None: no other is left.

    A budget that was not met is lowered by as much as its figure is beyond it, and by `TIGHTER` at
    least, until the draft changes.

    Raises:
        BudgetTooSmall: the time is spent, or did not reach for any figure to go by.
    """
    limits = last.limits
    failed = {b.outcome: interval for b, interval, v in last.judged if v is not Verdict.PASS}
    bounds = {budget.outcome: budget.bound for budget in budgets}
    if Stop.BUDGET in last.found.cut_short and not any(failed.values()):
        raise BudgetTooSmall("the --budget ended before the plan was confirmed")
    while True:
        if time_left() <= 0.0:
            raise BudgetTooSmall("the --budget ended before another plan was drafted")
        new = {}
        for outcome, interval in failed.items():
            held: float | None = getattr(limits, outcome)
            assert held is not None, "only budgets are judged"
            beyond = bounds[outcome] / interval.high if interval and interval.high else TIGHTER
            new[outcome] = held * min(TIGHTER, beyond)
        limits = replace(limits, **new)
        if any(value <= LEAST * bounds[outcome] for outcome, value in new.items()):
            return limits, None
        draft = draft_plan(surveyed, limits)
        if draft is None or draft.solution.chosen != last.draft.solution.chosen:
            return limits, draft
