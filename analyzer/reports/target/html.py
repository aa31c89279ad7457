"""The page that a safety reviewer signs: one self-contained file, for screen and for A4."""

from typing import NamedTuple

from markupsafe import Markup

from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.amounts import beside, number
from analyzer.reports.shared.classes import ClassSdcPart, class_sentences
from analyzer.reports.shared.classes import class_rows as by_rank
from analyzer.reports.shared.html_page import render
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.shared.trials import element_line, harm
from analyzer.reports.target import page_words
from analyzer.reports.target.amounts import amount, amount_bounds
from analyzer.reports.target.chart import roll_up_chart
from analyzer.reports.target.memory import AmountPart, FitPart, OutcomesPart, RegionPart
from analyzer.reports.target.part_words import (
    bit_name,
    first_bits,
    first_tensors,
    vulnerable_said,
)
from analyzer.reports.target.record import ClassPart, TargetConditionPart, TargetReport
from analyzer.targets.arithmetic import NEGLIGIBLE

WORDS = {"pass": "passed", "fail": "failed", "undecided": "undecided"}
MOST_TENSORS = 60
"""Tensors of a region that the page lists; the JSON report has all."""


class Shown(NamedTuple):
    """A figure, and its interval."""

    point: str
    ends: str


class RollUpRow(NamedTuple):
    """An outcome, what it means, and its figures: of all regions, then of each."""

    name: str
    meaning: str
    figures: list[Shown]


def to_html(report: TargetReport) -> str:
    """Render a report; every text in it is escaped."""
    return render(
        "target.html",
        report=report,
        metric=figures.METRIC_NAMES[report.golden.metric],
        chart=Markup(roll_up_chart(report)) if report.total.fit else "",
        headline=headline(report),
        roll_up=roll_up(report),
        chances=chances,
        condition_name=condition_name,
        evidence=evidence,
        bound=bound,
        words=WORDS,
        amount=number,
        point=amount,
        ends=interval,
        hours=page_words.hours,
        refreshes=page_words.REFRESHES,
        most=MOST_TENSORS,
        worst_class=worst_class(report),
        neglected=NEGLIGIBLE,
        **_of_parts(report),
    )


def _of_parts(report: TargetReport) -> dict[str, object]:
    """The figures of the sections on classes, worst events, tensors and bit positions."""
    by_class = report.by_class
    return {
        "class_rows": class_rows(report),
        "class_said": " ".join(class_sentences(by_class)),
        "critical_by_class": bool(by_class and any(c.critical_sdc for c in by_class.classes)),
        "harm": harm,
        "element_line": element_line,
        "vulnerable_said": vulnerable_said(report.vulnerability),
        "bits": first_bits(report),
        "bit_name": bit_name,
        "tensors": first_tensors(report),
    }


def headline(report: TargetReport) -> list[str]:
    """The answer in some sentences: how often events come, and how often they do harm."""
    total, said = report.total, []
    if total.events_per_hour:
        between = page_words.hours(1.0 / total.events_per_hour)
        said.append(
            f"One event in {between} is expected in {figures.si(total.bits_at_risk)} bits at risk."
        )
    elif total.events_per_hour is not None:
        said.append("No event is expected: every raw rate is 0.")
    if total.sdc_fit is not None:
        sdc, due = total.sdc_fit, total.due_fit
        said.append(
            f"Silent corruption: {amount(sdc)} FIT{_within(interval(sdc))}; detected "
            f"errors: {amount(due)} FIT{_within(interval(due))}."
        )
    elif total.missing:
        said.append(f"There is no figure in FIT: {total.missing}.")
    said += [text for region in report.regions if (text := _of_region(region))]
    return said


def _of_region(region: RegionPart) -> str:
    """P(SDC | one event) of a memory; empty where it is swept or not known."""
    given = region.given_event
    if given is None:
        return ""
    return (
        f"One event in {region.name} corrupts an answer silently with a probability of "
        f"{figures.estimate(given.sdc)} % ({figures.bounds(given.sdc)} %)."
    )


def interval(part: AmountPart | None) -> str:
    """The interval of a figure; nothing where the figure is exact, or absent."""
    return amount_bounds(part) if part and part.low < part.high else ""


def _within(text: str) -> str:
    return f" ({text})" if text else ""


OUTCOMES = (
    ("corrected", "every upset was corrected by the memory"),
    ("masked", "an upset was read, and the answer stayed"),
    ("due", "detected error (DUE): reported by the memory, or seen in the answer"),
    ("sdc", "silent corruption (SDC): another answer, and nothing tells"),
    ("sdc_critical", "of this, critical by the severity table"),
)


def roll_up(report: TargetReport) -> list[RollUpRow]:
    """FIT from raw to silent, of all regions and of each; empty without any figure in FIT."""
    parts = [report.total.fit, *(region.fit for region in report.regions)]
    if not any(parts):
        return []
    raw = [Shown(number(part.raw) if part else figures.UNKNOWN, "") for part in parts]
    rows = [RollUpRow("raw", "all events, harmless ones included", raw)]
    for name, meaning in OUTCOMES:
        found = [_outcome(part, name) for part in parts]
        if any(found):
            shown = [Shown(amount(part), interval(part)) for part in found]
            rows.append(RollUpRow(name, meaning, shown))
    return rows


def _outcome(part: FitPart | None, name: str) -> AmountPart | None:
    return getattr(part, name) if part else None


def chances(given: OutcomesPart) -> list[RollUpRow]:
    """Probability of each outcome given one event, in percent."""
    found: list[tuple[str, str, IntervalPart | None]] = [
        (name, meaning, getattr(given, name)) for name, meaning in OUTCOMES
    ]
    detected = "an error that the memory found and did not correct; counted above as well"
    found.append(("detected", detected, given.detected))
    return [
        RollUpRow(name, meaning, [_share(part)])
        for name, meaning, part in found
        if part is not None
    ]


def condition_name(report: TargetReport, condition: TargetConditionPart) -> str:
    """The figure that a condition judges, in words."""
    metric = figures.METRIC_NAMES[report.golden.metric]
    return page_words.FIGURES[condition.figure].format(metric=metric)


def evidence(condition: TargetConditionPart) -> Shown:
    """The figure of a condition with its interval, in its unit."""
    part = condition.evidence
    if part is None:
        return Shown(figures.UNKNOWN, "")
    if condition.unit == "FIT":
        low, high = beside(part.low, condition.bound), beside(part.high, condition.bound)
        nothing = part.estimate == part.low < part.high
        point = f"≤ {high}" if nothing else number(part.estimate)
        return Shown(f"{point} FIT", f"{low} – {high}" if low != high else "")
    share = _share(IntervalPart(estimate=part.estimate, low=part.low, high=part.high))
    return Shown(f"{share.point} %", share.ends or "exact")


def _share(part: IntervalPart) -> Shown:
    """A probability in percent; an exact one has no interval."""
    return Shown(figures.estimate(part), figures.bounds(part) if part.low < part.high else "")


def bound(condition: TargetConditionPart) -> str:
    """The bound of a condition, with its operator and unit."""
    sign = {"<=": "≤", ">=": "≥"}[condition.operator]
    if condition.unit == "FIT":
        return f"{sign} {number(condition.bound)} FIT"
    return f"{sign} {figures.percent(condition.bound)} %"


def class_rows(report: TargetReport) -> list[tuple[ClassPart, ClassSdcPart | None]]:
    """Every class without faults and given one event, the worst under faults first."""
    by_class = report.by_class
    ranked = by_rank(by_class, len(by_class.classes)) if by_class else []
    found = {part.index: part for part in ranked}
    order = {part.index: place for place, part in enumerate(ranked)}
    rows = sorted(report.classes, key=lambda part: (order.get(part.index, len(order)), part.index))
    return [(part, found.get(part.index)) for part in rows]


def worst_class(report: TargetReport) -> str:
    """The class with the lowest fault-free score; empty where all have the same, or there is one.

    Without labels, each class agrees with itself: all have the score 1.
    """
    if len({part.score for part in report.classes}) < 2:
        return ""
    worst = min(report.classes, key=lambda part: part.score)
    return worst.name or str(worst.index)
