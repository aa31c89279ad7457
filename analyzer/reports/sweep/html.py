"""The HTML report: one self-contained file, readable offline and when printed."""

from markupsafe import Markup

from analyzer.faults.rates import show_rate
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.html_page import render
from analyzer.reports.sweep.chart import sweep_chart
from analyzer.reports.sweep.record import RatePart, Report


def to_html(report: Report) -> str:
    """Render a report; every text in it is escaped."""
    return render(
        "report.html",
        report=report,
        metric=figures.METRIC_NAMES[report.golden.metric],
        chart=Markup(sweep_chart(report)),
        headline=headline(report),
        rows=sorted(report.rates, key=lambda r: r.rate),
    )


HELD_WITHIN = 0.02
"""A rate counts as held when no value in the interval lies further than this below golden."""


def headline(report: Report) -> str:
    """Two sentences that answer the question: up to which rate does the model hold?"""
    name = figures.METRIC_NAMES[report.golden.metric]
    rows = sorted((r for r in report.rates if r.trials), key=lambda r: r.rate)
    if not rows:
        golden = figures.percent(report.golden.value)
        return f"Without faults {name} is {golden} %. No trial was run: no more is known."
    held, last = _last_held(report.golden.value, rows), rows[-1]
    start = f"Without faults {name} is {figures.percent(report.golden.value)} %."
    points = f"{100 * HELD_WITHIN:g} points"
    end = f"at {show_rate(last.rate)} it is {figures.estimate(last.metric)} %"
    if held is None:
        return (
            f"{start} A loss of more than {points} is not ruled out even at "
            f"{show_rate(rows[0].rate)}, the lowest bit error rate tried; {end}."
        )
    if held is last:
        return f"{start} It loses less than {points} at every bit error rate tried; {end}."
    limit = show_rate(held.rate)
    return f"{start} It loses less than {points} up to a bit error rate of {limit}; {end}."


def _last_held(golden: float, rows: list[RatePart]) -> RatePart | None:
    """The highest rate up to which no interval reaches further than `HELD_WITHIN` below golden."""
    held = None
    for row in rows:
        if row.metric.low < golden - HELD_WITHIN:
            break
        held = row
    return held
