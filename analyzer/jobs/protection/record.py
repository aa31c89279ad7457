"""A finished search as a record."""

import math
from collections.abc import Iterator, Sequence

from analyzer.faults.protections.protection import Protection
from analyzer.gate import Verdict
from analyzer.gate.harm_budget import HarmBudget
from analyzer.jobs.protection.draft import Draft, Surveyed, harm_of, schemes_of
from analyzer.jobs.protection.rounds import Round, Search, Terms, limits_of
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.planning.harm import Amount, Harm, total
from analyzer.planning.menu import Choice
from analyzer.reports.protect.amounts import EVERYWHERE
from analyzer.reports.protect.record import (
    AlternativePart,
    AmountPart,
    BudgetPart,
    ChosenPart,
    ProtectedRegionPart,
    RoundPart,
    RulePart,
    SearchPart,
)
from analyzer.reports.shared.build import interval_part
from analyzer.reports.shared.records import CodingLossPart
from analyzer.stats.intervals import Interval

KIB = 8 * 1024


def plain_harm(surveyed: Sequence[Surveyed]) -> Harm:
    """Harm of all memories without protection."""
    return total(menu[0].harm for one in surveyed for menu in one.menus)


def budget_parts(
    surveyed: Sequence[Surveyed], draft: Draft, terms: Terms, search: Search
) -> list[BudgetPart]:
    """Each budget, with what nothing, the plan and the confirmed plan come to.

    Args:
        surveyed: the memories.
        draft: the plan.
        terms: of the search.
        search: the rounds, the last of which confirmed the plan.
    """
    last = search.last
    found = {b.outcome: (i, v) for b, i, v in last.judged} if last else {}
    return [_budget(budget, surveyed, draft, found, search.verdict) for budget in terms.budgets]


def _budget(
    budget: HarmBudget,
    surveyed: Sequence[Surveyed],
    draft: Draft,
    found: dict[str, tuple[Interval | None, Verdict]],
    overall: Verdict,
) -> BudgetPart:
    planned: Amount = getattr(draft.solution.harm, budget.outcome)
    plain: Amount = getattr(plain_harm(surveyed), budget.outcome)
    missed = overall if planned.mean > budget.bound else Verdict.UNDECIDED
    interval, verdict = found.get(budget.outcome, (None, missed))
    return BudgetPart.model_validate(
        {
            "condition": str(budget),
            "outcome": budget.outcome,
            "unit": "FIT" if budget.fit else "per event",
            "bound": budget.bound,
            "verdict": verdict.value,
            "unprotected": plain.mean,
            "planned": planned.mean,
            "planned_deviation": math.sqrt(planned.variance),
            "found": amount_part(interval),
        }
    )


def amount_part(interval: Interval | None) -> AmountPart | None:
    """An interval of amounts; None where there is none."""
    if interval is None:
        return None
    return AmountPart(estimate=interval.estimate, low=max(0.0, interval.low), high=interval.high)


def region_parts(
    surveyed: Sequence[Surveyed], draft: Draft, last: Round | None
) -> list[ProtectedRegionPart]:
    """The memories under the plan.

    Args:
        surveyed: the memories.
        draft: the plan.
        last: the round that confirmed it; None: there was none.
    """
    found = []
    for index, one in enumerate(surveyed):
        chosen, seen = draft.choices[index], last.found.regions[index] if last else None
        found.append(
            ProtectedRegionPart(
                name=one.region.name,
                fault=str(one.region.fault),
                tensors=len(one.space.tensors),
                data_bits=one.space.bits,
                protect=draft.protections[index].name,
                protected_bits=sum(choice.protected_bits for choice in chosen),
                check_bits=sum(choice.check_bits for choice in chosen),
                trials=seen.trials if seen else 0,
                sdc=interval_part(seen.sdc if seen else None),
                due=interval_part(seen.due if seen else None),
                note=one.region.note,
            )
        )
    return found


def coding_part(last: Round | None) -> CodingLossPart | None:
    """The cost of the plan's encoding without faults; None: nothing, or it is not known."""
    coding = last.found.coding if last else None
    if coding is None:
        return None
    return CodingLossPart(unencoded=coding.unencoded, lost=coding.lost, changed=coding.changed)


def rule_parts(surveyed: Sequence[Surveyed], draft: Draft) -> list[RulePart]:
    """The rules of the plan, those that remove most silent corruption first.

    Args:
        surveyed: the memories.
        draft: the plan.
    """
    whole = plain_harm(surveyed).sdc.mean
    parts = [
        part
        for one, chosen, protection in zip(surveyed, draft.choices, draft.protections, strict=True)
        for part in _rules_of(one, chosen, protection, whole)
    ]
    return sorted(parts, key=lambda part: -part.removed_share)


def _rules_of(
    one: Surveyed, chosen: Sequence[Choice], protection: Protection, whole: float
) -> Iterator[RulePart]:
    """Rules stand in the order in which their choices come first: see `protection_of`."""
    groups: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for index, choice in enumerate(chosen):
        if choice.scheme is not None:
            width = one.space.tensors[index].codec.bits
            positions = () if len(choice.positions) == width else choice.positions
            groups.setdefault((str(choice.scheme), positions), []).append(index)
    for rule, own in zip(protection.name.split("+"), groups.values(), strict=False):
        before = harm_of([one.menus[index][0] for index in own]).sdc.mean
        after = harm_of([chosen[index] for index in own]).sdc.mean
        checks = sum(chosen[index].check_bits for index in own)
        removed = (before - after) / whole if whole else 0.0
        yield RulePart(
            region=one.region.name,
            rule=rule,
            tensors=len(own),
            protected_bits=sum(chosen[index].protected_bits for index in own),
            check_bits=checks,
            sdc_before=before,
            sdc_after=after,
            removed_share=min(1.0, removed),
            removed_per_kib=removed * KIB / checks if checks else None,
        )


def chosen_parts(surveyed: Sequence[Surveyed], draft: Draft) -> list[ChosenPart]:
    """The choice for each tensor, in the order of the file.

    Args:
        surveyed: the memories.
        draft: the plan.
    """
    found = []
    for one, choices in zip(surveyed, draft.choices, strict=True):
        for tensor, menu, choice in zip(one.space.tensors, one.menus, choices, strict=True):
            found.append(
                ChosenPart(
                    region=one.region.name,
                    tensor=tensor.name,
                    bits=tensor.bits,
                    scheme=str(choice.scheme or ""),
                    positions=list(choice.positions),
                    check_bits=choice.check_bits,
                    sdc_before=menu[0].harm.sdc.mean,
                    sdc_after=choice.harm.sdc.mean,
                    due_before=menu[0].harm.due.mean,
                    due_after=choice.harm.due.mean,
                )
            )
    return found


def alternative_parts(
    surveyed: Sequence[Surveyed], draft: Draft, terms: Terms, request: ProtectRequest
) -> list[AlternativePart]:
    """No protection, the plan, and each scheme on everything.

    Args:
        surveyed: the memories.
        draft: the plan.
        terms: of the search.
        request: what was asked for.
    """
    plain = [menu[0] for one in surveyed for menu in one.menus]
    plan = [choice for choices in draft.choices for choice in choices]
    bare = "bounds alone" if draft.variant else "no protection"
    rows = [(bare, plain), ("this plan", plan)]
    for scheme in schemes_of(request):
        every = [choice for one in surveyed for choice in one.everywhere(scheme)]
        if any(choice.scheme is not None for choice in every):
            rows.append((f"{scheme}{EVERYWHERE}", every))
    bits = sum(one.space.bits for one in surveyed)
    limits = limits_of(terms.budgets, draft.deviations)
    found = []
    for name, choices in rows:
        harm, checks = harm_of(choices), sum(choice.check_bits for choice in choices)
        found.append(
            AlternativePart(
                name=name,
                check_bits=checks,
                overhead=checks / bits,
                sdc=harm.sdc.mean,
                due=harm.due.mean,
                meets=limits.hold(harm),
            )
        )
    return found


def round_parts(rounds: Sequence[Round]) -> list[RoundPart]:
    """The plans that were confirmed or were not, in order."""
    return [
        RoundPart(
            protect=[protection.name for protection in one.draft.protections],
            check_bits=one.draft.solution.cost,
            seed=one.seed,
            trials=sum(seen.trials for seen in one.found.regions),
            verdict=one.verdict.value,
            found=[amount_part(interval) for _, interval, _ in one.judged],
        )
        for one in rounds
    ]


def search_part(
    surveyed: Sequence[Surveyed], draft: Draft, terms: Terms, request: ProtectRequest
) -> SearchPart:
    """The search that found the plan.

    Args:
        surveyed: the memories.
        draft: the plan.
        terms: of the search.
        request: what was asked for.
    """
    survey, solution = surveyed[0].survey, draft.solution
    plan = survey.analysis.context.plan
    error = (1.0 - terms.confidence_of_a_round) / len(terms.budgets)
    return SearchPart(
        seed=request.seed,
        schemes=list(request.scheme),
        encoding=plan.encoding,
        batch=plan.batch,
        confidence=terms.confidence,
        interval_confidence=1.0 - error,
        deviations=draft.deviations,
        part_of_budget=draft.part,
        rounds_allowed=terms.rounds,
        least_check_bits=min(solution.bound, solution.cost),
        optimal=solution.optimal,
        survey_trials=survey.found.trials,
        include=list(request.include),
        exclude=list(request.exclude),
        kinds=[kind.value for kind in request.kinds],
    )
