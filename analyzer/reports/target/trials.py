"""The worst events of a target's campaign, as parts of its report."""

from analyzer.campaign.events.worst import WorstEvent
from analyzer.faults.bit_changes import PatternChanges
from analyzer.faults.events import EventStratum
from analyzer.reports.shared.records import Count, Name, ReportRecord, left_out
from analyzer.reports.shared.trials import MOST_ELEMENTS, ElementPart, element_part


class EventTrialPart(ReportRecord):
    """One of the worst events, the worst first: ``relcheck replay REPORT --trial NUMBER`` runs it.

    ``name`` says the same of any event: how its stratum is tried, the number of the stratum, and
    that of the trial. ``region`` is the memory that it hit, ``event`` its kind, as ``--fault``
    writes it. ``sdc``, ``due``, ``critical_sdc``, ``lost``, ``changed`` and ``elements`` are as in
    the worst trials of a run.
    """

    number: Count
    name: str
    region: Name
    event: str
    images: Count
    sdc: Count
    critical_sdc: Count | None = left_out()
    due: Count
    lost: float
    changed: Count
    elements: list[ElementPart]


def event_trial_part(
    number: int,
    event: WorstEvent,
    stratum: EventStratum,
    region: str,
    changes: PatternChanges,
    critical: bool,
) -> EventTrialPart:
    """One of the worst events.

    Args:
        number: place among the worst, from 1.
        event: the trial.
        stratum: from which it was drawn.
        region: name of the memory.
        changes: the elements that the event changes.
        critical: a table says which confusions are critical.
    """
    o = event.outcomes
    return EventTrialPart(
        number=number,
        name=event.name,
        region=region,
        event=str(stratum.fault),
        images=o.images,
        sdc=o.sdc,
        critical_sdc=o.critical if critical else None,
        due=o.due,
        lost=(o.lost - o.gained) / o.denominator,
        changed=len(changes),
        elements=[element_part(change) for change in changes.farthest(MOST_ELEMENTS)],
    )
