"""The gate of a vulnerability map, as text: each condition in each part that it is on."""

import math
from collections.abc import Iterator
from itertools import groupby

from analyzer.reports.map.record import MapConditionPart, MapReport
from analyzer.reports.shared.bound_format import beside_bound
from analyzer.reports.shared.number_format import UNKNOWN, duration
from analyzer.reports.shared.waivers import remarks, word

WHOLE = "the whole memory"
"""The part that is all of it."""

MOST_LINES = 8
"""Parts of a condition that the text lists; all are in the other forms."""


def evidence_of(part: MapConditionPart) -> str:
    """The figure that a condition was judged by, beside its bound."""
    if part.evidence is None:
        return f"{UNKNOWN} (no estimate)"
    return beside_bound(part.evidence, part.bound)


def why_open(report: MapReport, part: MapConditionPart) -> str:
    """A sentence on what would decide an undecided condition; nothing for a decided one."""
    if part.verdict != "undecided":
        return ""
    cut = any(tensor.stop != "precision" for tensor in report.tensors)
    ended = (
        "the map is not finished" if cut else f"±{100 * report.plan.margin:g} points were reached"
    )
    if part.evidence is None:
        return f"Undecided: {ended}; too much of this part is untried."
    if part.more_trials is None:
        return f"Undecided: {ended}; the figure is too near its bound to say what would decide."
    each = report.run.trial_cpu_seconds
    time = "" if each is None else f" ({duration(each * part.more_trials)} of CPU time)"
    how = "a larger --budget" if cut else "a smaller --margin"
    return f"Undecided: {ended}; about {part.more_trials:,} more trials{time} would decide ({how})."


def gate_lines(report: MapReport) -> Iterator[str]:
    """The verdict, then each condition: on several parts, those that do not pass."""
    if report.gate is None:
        return
    yield from ("", f"Gate: {report.gate.verdict}")
    for condition, found in groupby(report.gate.conditions, lambda part: part.condition):
        parts = list(found)
        if len(parts) == 1:
            yield f"  {word(parts[0]):<10} {condition:<28} {evidence_of(parts[0])}"
        else:
            yield from _several(condition, parts)
        yield from (f"    {remark}" for remark in remarks(worst_of(parts)))
        open_ = [part for part in parts if part.verdict == "undecided"]
        if open_:
            hardest = max(open_, key=lambda part: part.more_trials or math.inf)
            at = f"{hardest.place}: " if len(parts) > 1 else ""
            yield f"    {at}{why_open(report, hardest)}"


def worst_of(parts: list[MapConditionPart]) -> MapConditionPart:
    """The part of the worst verdict."""
    return min(parts, key=lambda part: ("fail", "undecided", "pass").index(part.verdict))


def _several(condition: str, parts: list[MapConditionPart]) -> Iterator[str]:
    """A condition on several parts, and the parts that do not pass."""
    worst = word(worst_of(parts))
    others = [part for part in parts if part.verdict != "pass"]
    passed = len(parts) - len(others)
    yield f"  {worst:<10} {condition:<28} {passed} of {len(parts)} parts pass"
    for part in others[:MOST_LINES]:
        yield f"    {part.verdict:<10} {part.place:<34} {evidence_of(part)}"
    if len(others) > MOST_LINES:
        yield f"    and {len(others) - MOST_LINES} more"
