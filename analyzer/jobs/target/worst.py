"""The worst events of a target's campaign, with the elements that they change."""

from analyzer.campaign.events.breakdown import EventBreakdown
from analyzer.campaign.events.worst import WorstEvent
from analyzer.jobs.target.prepare import PreparedTarget
from analyzer.jobs.worst import changes_of
from analyzer.reports.target.trials import EventTrialPart, event_trial_part


def worst_event_parts(
    prepared: PreparedTarget, breakdown: EventBreakdown | None
) -> list[EventTrialPart]:
    """The worst events, the worst one first; their patterns are drawn again.

    Args:
        prepared: the target; its executor may be released.
        breakdown: of its campaign; None: no region is in the regime of one event.
    """
    worst = breakdown.worst if breakdown else ()
    return [_part(prepared, number, event) for number, event in enumerate(worst, 1)]


def _part(prepared: PreparedTarget, number: int, event: WorstEvent) -> EventTrialPart:
    analysis, context = prepared.analysis, prepared.analysis.context
    stratum = event.cell.stratum(context.patterns)
    draw = event.cell.draw(context.patterns, context.golden.ends, event.index)
    critical = context.golden.judge.definition.confusions is not None
    region = prepared.target.region[stratum.region].name
    changes = changes_of(analysis, draw.pattern)
    return event_trial_part(number, event, stratum, region, changes, critical)
