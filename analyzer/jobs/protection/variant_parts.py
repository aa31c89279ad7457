"""The variants of a model as parts of a record."""

import math
from collections.abc import Sequence

from analyzer.gate.harm_budget import HarmBudget
from analyzer.jobs.protection.bounded import BoundedModel, NotConsidered
from analyzer.jobs.protection.draft import Draft
from analyzer.jobs.protection.record import plain_harm
from analyzer.jobs.protection.rounds import Search
from analyzer.jobs.protection.variants import Variant
from analyzer.planning.harm import Amount
from analyzer.reports.protect.variants import RatioPart, State, VariantHarmPart, VariantPart


def variant_parts(
    variants: Sequence[Variant],
    left: Sequence[NotConsidered],
    search: Search,
    plan: Draft,
    budgets: Sequence[HarmBudget],
    written: bool,
) -> list[VariantPart]:
    """The model as it is, and each bounded model; none where no bounds were asked for.

    Args:
        variants: that were surveyed.
        left: the bounds that are not considered.
        search: the rounds, and the first plan of each variant.
        plan: the plan of the report.
        budgets: that plans have to meet.
        written: the bounded model that the plan takes was written.
    """
    if len(variants) + len(left) < 2:
        return []
    made = [v.bounded for v in variants if v.bounded] + [n.bounded for n in left if n.bounded]
    found = []
    for index, (variant, draft) in enumerate(zip(variants, search.drafts, strict=True)):
        own = plan if index == plan.variant else draft
        state = _state(index, own, variants, search, plan)
        about = _of_bounded(variant.bounded) if variant.bounded else _as_it_is(variant, made)
        fields = {
            **_BARE,
            **about,
            "bounds": variant.bounds,
            "state": state,
            "written": not variant.bounded or (written and state == "chosen"),
            "survey_trials": variant.surveyed[0].survey.found.trials,
            "harm": [_harm(variant, own, budget) for budget in budgets],
            "added_bits": variant.added_bits,
            "protect": [protection.name for protection in own.protections] if own else [],
            "check_bits": own.solution.cost if own else None,
            "storage": variant.storage(own) if own else None,
        }
        found.append(VariantPart.model_validate(fields))
    return [*found, *map(_left, left)]


def _state(
    index: int, own: Draft | None, variants: Sequence[Variant], search: Search, plan: Draft
) -> State:
    if index == plan.variant:
        return "chosen"
    if any(one.draft.variant == index for one in search.rounds):
        return "not confirmed"
    if own is None:
        return "no plan"
    dearer = variants[index].storage(own) >= variants[plan.variant].storage(plan)
    return "takes more" if dearer else "less margin"


def _as_it_is(variant: Variant, made: Sequence[BoundedModel]) -> dict[str, object]:
    model = variant.surveyed[0].survey.analysis.model
    effect = made[0].twins.effect if made else None
    return {
        "model": str(model.path),
        "sha256": model.sha256,
        "accuracy": effect.before if effect else None,
        "accuracy_metric": effect.metric if effect else "",
    }


_BARE: dict[str, object] = {
    "reason": "",
    "sha256": None,
    "written": False,
    "activations": 0,
    "calibration": "",
    "calibration_note": "",
    "accuracy": None,
    "accuracy_metric": "",
    "latency": None,
    "survey_trials": 0,
    "harm": [],
    "added_bits": 0,
    "protect": [],
    "check_bits": None,
    "storage": None,
}
"""Fields of a variant of which nothing is known."""


def _of_bounded(bounded: BoundedModel) -> dict[str, object]:
    twins, latency = bounded.twins, bounded.twins.latency
    return {
        "model": twins.twin.path,
        "sha256": twins.twin.sha256,
        "activations": len(bounded.change.applied),
        "calibration": bounded.change.basis,
        "calibration_note": bounded.note,
        "accuracy": twins.effect.after,
        "accuracy_metric": twins.effect.metric,
        "latency": RatioPart(
            ratio=latency.ratio,
            low=latency.ratio_low,
            high=latency.ratio_high,
            pairs=latency.pairs,
        ),
    }


def _left(one: NotConsidered) -> VariantPart:
    known = _of_bounded(one.bounded) if one.bounded else {"model": f"{one.method}"}
    own = {"bounds": one.method, "state": "not considered", "reason": one.reason}
    return VariantPart.model_validate({**_BARE, **known, **own})


def _harm(variant: Variant, draft: Draft | None, budget: HarmBudget) -> VariantHarmPart:
    plain: Amount = getattr(plain_harm(variant.surveyed), budget.outcome)
    planned: Amount | None = getattr(draft.solution.harm, budget.outcome) if draft else None
    return VariantHarmPart.model_validate(
        {
            "outcome": budget.outcome,
            "unprotected": plain.mean,
            "deviation": math.sqrt(plain.variance),
            "planned": planned.mean if planned else None,
        }
    )
