"""Single trials in reports: the pattern, element by element, and what it did."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from analyzer.campaign.result import WorstTrial
from analyzer.faults.bit_changes import ElementChange, PatternChanges
from analyzer.faults.elements import Values
from analyzer.faults.rates import show_rate
from analyzer.reports.shared.records import Count, Name, ReportRecord, left_out

MOST_ELEMENTS = 16
"""Elements of one pattern in a report; those that move farthest."""


class ElementPart(ReportRecord):
    """One stored element under a pattern.

    ``element`` is its flat index, in C order. ``bits`` are the positions that differ, from 0, the
    least significant. ``before`` and ``after`` are its values as text, as they may be ``nan``; they
    are empty for check bits of a protection. ``also`` names the other tensors that hold some of
    the bits: they share the bytes.
    """

    tensor: Name
    element: Count
    bits: list[int]
    before: str
    after: str
    also: list[Name] | None = left_out()


class TrialPart(ReportRecord):
    """One of the worst trials, the worst first: ``relcheck replay REPORT --trial NUMBER`` runs it.

    ``name`` says the same of any trial: rate, stratum, index. ``sdc`` and ``due`` count its images,
    ``critical_sdc`` those whose confusion is critical. ``lost`` is the score that its images lost
    less what they gained, in images. ``upsets`` is the number of faults, ``changed`` the number of
    elements that they change, and ``elements`` those that move farthest.
    """

    number: Count
    name: str
    rate: float
    severe: str
    trial: Count
    images: Count
    sdc: Count
    critical_sdc: Count | None = left_out()
    due: Count
    lost: float
    upsets: Count
    changed: Count
    elements: list[ElementPart]


def trial_name(rate: float, stratum: str, index: int) -> str:
    """The name of a trial in commands.

    Args:
        rate: its bit error rate.
        stratum: name of its stratum.
        index: of the trial in the stratum.

    >>> trial_name(1e-06, "1", 42)
    '1e-6/1/42'
    """
    return f"{show_rate(rate)}/{stratum}/{index}"


def trial_part(
    number: int,
    trial: WorstTrial,
    upsets: int,
    changes: PatternChanges,
    critical: bool,
) -> TrialPart:
    """One of the worst trials.

    Args:
        number: place among the worst, from 1.
        trial: the trial.
        upsets: of its pattern.
        changes: the elements that the pattern changes.
        critical: a table says which confusions are critical.
    """
    o = trial.outcomes
    return TrialPart(
        number=number,
        name=trial_name(trial.rate, trial.stratum, trial.index),
        rate=trial.rate,
        severe=trial.stratum,
        trial=trial.index,
        images=o.images,
        sdc=o.sdc,
        critical_sdc=o.critical if critical else None,
        due=o.due,
        lost=(o.lost - o.gained) / o.denominator,
        upsets=upsets,
        changed=len(changes),
        elements=[element_part(change) for change in changes.farthest(MOST_ELEMENTS)],
    )


def element_part(change: ElementChange) -> ElementPart:
    """One change, as reports have it."""
    return ElementPart(
        tensor=change.tensor,
        element=change.element,
        bits=list(change.bits),
        before=_shown(change.before),
        after=_shown(change.after),
        also=list(change.also) or None,
    )


def _shown(value: Values | None) -> str:
    """A stored value with as many digits as tell it apart."""
    return "" if value is None else str(value)


def element_line(part: ElementPart) -> str:
    """One change in a line.

    >>> element_line(ElementPart(tensor="w", element=3, bits=[30], before="0.5", after="1e+38"))
    'w[3] bit 30: 0.5 -> 1e+38'
    >>> element_line(
    ...     ElementPart(tensor="w", element=3, bits=[0, 1], before="3", after="0", also=["tied"])
    ... )
    'w[3], shared with tied, bits 0, 1: 3 -> 0'
    """
    word = "bit" if len(part.bits) == 1 else "bits"
    places = ", ".join(map(str, part.bits))
    values = f": {part.before} -> {part.after}" if part.before else ""
    shared = f", shared with {', '.join(part.also)}," if part.also else ""
    return f"{part.tensor}[{part.element}]{shared} {word} {places}{values}"


def worst_lines(trials: Sequence[TrialPart]) -> Iterator[str]:
    """The worst trial in a sentence; nothing without any."""
    if not trials:
        return
    worst = trials[0]
    upsets = f"{worst.upsets:,} {'upset' if worst.upsets == 1 else 'upsets'}"
    yield (
        f"Worst trial: {harm(worst)} by {upsets} at {show_rate(worst.rate)}; relcheck replay "
        "REPORT.json --trial 1 runs it again."
    )


class Harm(Protocol):
    """Whatever counts the images that a trial harmed."""

    images: Count
    sdc: Count
    due: Count
    critical_sdc: Count | None


def harm(part: Harm) -> str:
    """The outcome of a trial in words, e.g. ``3 of 4 images SDC``."""
    words = [f"{part.sdc} SDC"] if part.sdc else []
    if part.critical_sdc:
        words[-1] += f" ({part.critical_sdc} critical)"
    words += [f"{part.due} DUE"] if part.due else []
    images = "image" if part.images == 1 else "images"
    return f"{', '.join(words)} of {part.images} {images}"
