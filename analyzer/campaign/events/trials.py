"""The trials of a campaign of single events, each with the place and the batch that it drew."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.campaign.event_cells import EventCell
from analyzer.campaign.events.stratum import EventState
from analyzer.campaign.events.task import EventTask
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.outcomes import Outcomes
from analyzer.faults.events import EventStratum
from analyzer.stats.areas import AreaStratum


@dataclass(frozen=True)
class StratumTrials:
    """The trials of one stratum that count.

    Attributes:
        cell: The cell that they were drawn from.
        stratum: Its events.
        weight: Their share of all events.
        seen: What the trials showed together; the weight is the same.
        indices: Of the trials in the cell.
        columns: Index of the column (tensor and bit position) in which each event begins.
        batches: Index of the batch that each met.
        outcomes: One entry per trial.
        crashed: Indices of trials whose pattern killed the process that ran it.
    """

    cell: EventCell
    stratum: EventStratum
    weight: float
    seen: AreaStratum
    indices: Sequence[int]
    columns: Sequence[int]
    batches: Sequence[int]
    outcomes: Sequence[Outcomes]
    crashed: frozenset[int] = frozenset()


def event_trials(task: EventTask) -> list[StratumTrials]:
    """The trials behind the figures of a campaign, stratum by stratum.

    Nothing is kept while trials run: what each drew is drawn again.

    Args:
        task: the campaign, finished.
    """
    return [_trials(task.context, state, task.weights[state.stratum.region])
            for state in task.strata]  # fmt: skip


def _trials(context: TrialContext, state: EventState, region: float) -> StratumTrials:
    """The trials of one stratum; none of one that was to be enumerated and was not.

    Args:
        context: of the campaign.
        state: of the stratum.
        region: share of its region in all events.
    """
    cell, stratum, seen = state.cell, state.stratum, state.seen()
    outcomes = state.outcomes() if seen.is_tried else []
    used = state.state.used()
    indices = [index for result in used for index in result.block.trials][: len(outcomes)]
    pairs = [cell.pair(context.patterns, context.golden.ends, index) for index in indices]
    numbers = np.array([number for number, _ in pairs], np.int64)
    return StratumTrials(
        cell=cell,
        stratum=stratum,
        weight=region * stratum.share,
        seen=AreaStratum(region * stratum.share, seen.tally, seen.exact),
        indices=indices,
        columns=stratum.columns(numbers).tolist(),
        batches=[batch for _, batch in pairs],
        outcomes=outcomes,
        crashed=frozenset(index for result in used for index in result.crashed),
    )
