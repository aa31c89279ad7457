"""Variants of a model, as it is or with bounds on its activations, and the cheapest of their plans.

A variant is one more choice beside those for each tensor. Its storage is that of the check bits of
its plan and of the values that its bounds store. Of plans for the same part of the budgets, with
the same margin, the one of the least storage is taken; where two take as much, the earlier variant.
The model as it is comes first, because bounds cost latency.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.jobs.protection.bounded import BoundedModel
from analyzer.jobs.protection.confirm import PlanCampaign
from analyzer.jobs.protection.draft import AIM, Draft, Surveyed, best_reachable, draft_plan
from analyzer.planning.offers import Limits


@dataclass(frozen=True)
class Variant:
    """A model that may be deployed.

    Attributes:
        bounded: The bounded model; None: the model as it is.
        added_bits: Bits that its bounds store, beside those of the model as it is.
        surveyed: Its memories.
        campaign: Measures them under a plan.
    """

    bounded: BoundedModel | None
    added_bits: int
    surveyed: Sequence[Surveyed]
    campaign: PlanCampaign

    @property
    def bounds(self) -> str:
        """Word of the method that bounds it; empty: the model is as it is."""
        return self.bounded.method if self.bounded else ""

    def storage(self, draft: Draft) -> int:
        """Bits that one of its plans adds to the model as it is."""
        return self.added_bits + draft.solution.cost


class Drafts:
    """The present plan of each variant; each has budgets of its own that shrink by the rounds."""

    def __init__(self, variants: Sequence[Variant], limits: Limits) -> None:
        """Draft a plan for each variant.

        Args:
            variants: at least one.
            limits: the budgets.
        """
        self._variants = variants
        self._limits = [limits] * len(variants)
        self._drafts = [
            _placed(draft_plan(variant.surveyed, limits), index)
            for index, variant in enumerate(variants)
        ]

    @property
    def all(self) -> tuple[Draft | None, ...]:
        """The plan of each variant; None: none meets its budgets."""
        return tuple(self._drafts)

    def limits(self, variant: int) -> Limits:
        """The budgets for which that plan was drafted."""
        return self._limits[variant]

    def replace(self, variant: int, limits: Limits, draft: Draft | None) -> None:
        """Take another plan of a variant.

        Args:
            variant: its index.
            limits: the budgets for which it was drafted.
            draft: the plan; None: no other is left.
        """
        self._limits[variant] = limits
        self._drafts[variant] = _placed(draft, variant)

    def cheapest(self) -> Draft | None:
        """The plan that is tried next; None: no variant has one."""
        found = [draft for draft in self._drafts if draft is not None]
        return min(found, key=self._rank, default=None)

    def _rank(self, draft: Draft) -> tuple[bool, bool, int, int]:
        """Plans for less of the budget, and with the margin, come first; then storage counts."""
        storage = self._variants[draft.variant].storage(draft)
        return draft.part > AIM, not draft.deviations, storage, draft.variant


def _placed(draft: Draft | None, variant: int) -> Draft | None:
    return None if draft is None else replace(draft, variant=variant)


def least_harmful(variants: Sequence[Variant], limits: Limits) -> Draft:
    """The plan of any variant that leaves the least harm, whatever it costs.

    Args:
        variants: at least one; of two that leave as much, the earlier counts.
        limits: says which outcomes count.
    """
    found = [
        replace(best_reachable(variant.surveyed, limits), variant=index)
        for index, variant in enumerate(variants)
    ]

    def left(draft: Draft) -> float:
        return sum(
            amount.upper(limits.deviations) for amount in limits.amounts(draft.solution.harm)
        )

    return min(found, key=left)
