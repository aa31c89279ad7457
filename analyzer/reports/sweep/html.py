"""The HTML report: one self-contained file, readable offline and when printed."""

from markupsafe import Markup

from analyzer.faults.rates import show_rate
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared import repetitions
from analyzer.reports.shared.bound_format import beside_bound
from analyzer.reports.shared.html_page import render
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.shared.severity import SAID, severity_sentence
from analyzer.reports.shared.trials import element_line, harm
from analyzer.reports.shared.waivers import remarks, word
from analyzer.reports.sweep.chart import sweep_chart
from analyzer.reports.sweep.classes import class_table
from analyzer.reports.sweep.record import Report
from analyzer.reports.sweep.undecided import why_undecided


def to_html(report: Report) -> str:
    """Render a report; every text in it is escaped."""
    return render(
        "report.html",
        report=report,
        metric=figures.METRIC_NAMES[report.golden.metric],
        chart=Markup(sweep_chart(report)),
        headline=headline(report),
        outcomes=figures.outcomes,
        why_undecided=why_undecided,
        remarks=remarks,
        word=word,
        beside_bound=beside_bound,
        severity_sentence=severity_sentence,
        severity_said=SAID,
        by_class=class_table(report),
        repeated=repetitions,
        harm=harm,
        element_line=element_line,
        rows=sorted(report.rates, key=lambda r: r.rate),
    )


HELD_WITHIN = 0.02
"""A rate counts as held when no value in the interval lies further than this below golden."""


def headline(report: Report) -> str:
    """Some sentences that answer the question: up to which rate does the model hold?

    Nothing is said of a rate without an estimate, nor of those above it.
    """
    name = figures.METRIC_NAMES[report.golden.metric]
    start = f"Without faults {name} is {figures.percent(report.golden.value)} %."
    known = _known(report)
    missing = sorted(row.rate for row in report.rates if row.metric is None)
    if missing:
        start += f" There is no estimate at {', '.join(map(show_rate, missing))}."
    if not known:
        return start
    held, (last, metric) = _last_held(report.golden.value, known), known[-1]
    points = f"{100 * HELD_WITHIN:g} points"
    end = f"at {show_rate(last)} it is {figures.estimate(metric)} %"
    if held is None:
        return (
            f"{start} A loss of more than {points} is not ruled out even at "
            f"{show_rate(known[0][0])}, the lowest bit error rate tried; {end}."
        )
    if held == last and not missing:
        return f"{start} It loses less than {points} at every bit error rate tried; {end}."
    return (
        f"{start} It loses less than {points} up to a bit error rate of {show_rate(held)}; {end}."
    )


MetricByRate = list[tuple[float, IntervalPart]]
"""Rates with the metric there, ascending."""


def _known(report: Report) -> MetricByRate:
    """The lowest rates, up to the first without an estimate."""
    found = []
    for row in sorted(report.rates, key=lambda r: r.rate):
        if row.metric is None:
            break
        found.append((row.rate, row.metric))
    return found


def _last_held(golden: float, known: MetricByRate) -> float | None:
    """The highest rate up to which no interval reaches further than `HELD_WITHIN` below golden."""
    held = None
    for rate, metric in known:
        if metric.low < golden - HELD_WITHIN:
            break
        held = rate
    return held
