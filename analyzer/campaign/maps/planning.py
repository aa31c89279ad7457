"""The first trials of a tensor, planned from the fault space and the margin alone."""

from collections.abc import Sequence

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.trials import TrialContext
from analyzer.faults.site_strata import Reach, SiteStratum
from analyzer.stats.planning import PlannedStratum, allot, columns_trials

EXPECTED = {Reach.SEVERE: 0.45, Reach.LARGE: 0.1, Reach.MODERATE: 0.02, Reach.SLIGHT: 0.0}
"""Standard deviation of a trial with which the first trials of a stratum are planned."""

BIT_MARGINS = 3.0
"""First trials suffice for a margin this many times as wide at bit positions that show nothing."""


def first_trials(context: TrialContext, tensor: int, strata: Sequence[SiteStratum]) -> list[int]:
    """Trials of each stratum of a tensor that is sampled.

    Args:
        context: of the map.
        tensor: index of the tensor in the fault space.
        strata: those of its strata that are sampled; none of them, some or all.

    Returns:
        Trials, in the order of ``strata``.
    """
    if not strata:
        return []
    plan, tensors = context.plan, context.space.tensors
    mine = tensors[tensor]
    alike = [t for t in tensors if (t.dtype, t.codec.name) == (mine.dtype, mine.codec.name)]
    share = mine.elements / sum(t.elements for t in alike)
    known = [PlannedStratum(s.sites / mine.bits, EXPECTED[s.reach], 0) for s in strata]
    wanted = allot(known, plan.precision, plan.confidence, BLOCK_TRIALS)
    loose = BIT_MARGINS * plan.precision
    return [
        max(n, columns_trials(len(s.positions), share, loose, plan.confidence))
        for n, s in zip(wanted, strata, strict=True)
    ]
