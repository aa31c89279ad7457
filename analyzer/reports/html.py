"""The HTML report: one self-contained file, readable offline and when printed."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from analyzer.rates import show_rate
from analyzer.reports import figures
from analyzer.reports.chart import sweep_chart
from analyzer.reports.report import RatePart, Report


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "percent": figures.percent,
        "estimate": figures.estimate,
        "bounds": figures.bounds,
        "flips": figures.flips,
        "si": figures.si,
        "rate": show_rate,
    }
    source = files("analyzer.reports").joinpath("templates/report.html").read_text("utf-8")
    return environment.from_string(source)


def to_html(report: Report) -> str:
    """Render a report; every text in it is escaped."""
    return _template().render(
        report=report,
        metric=figures.METRIC_NAMES[report.golden.metric],
        chart=Markup(sweep_chart(report)),
        headline=headline(report),
        rows=sorted(report.rates, key=lambda r: r.rate),
    )


def headline(report: Report) -> str:
    """One sentence that answers the question: up to which rate does the model hold?"""
    name = figures.METRIC_NAMES[report.golden.metric]
    start = f"Without faults {name} is {figures.percent(report.golden.value)} %."
    held = _last_held(report)
    rows = sorted(report.rates, key=lambda r: r.rate)
    if held is None:
        worst = rows[0]
        return (
            f"{start} Already at a bit error rate of {show_rate(worst.rate)} it may have dropped by "
            f"more than one point ({figures.bounds(worst.metric)} %)."
        )
    if held is rows[-1]:
        return f"{start} It stays within one point of that up to {show_rate(held.rate)}, the highest rate tried."
    last = rows[-1]
    return (
        f"{start} It stays within one point of that up to a bit error rate of "
        f"{show_rate(held.rate)} and is {figures.estimate(last.metric)} % at {show_rate(last.rate)}."
    )


def _last_held(report: Report) -> RatePart | None:
    """The highest rate up to which no interval reaches more than one point below golden."""
    held = None
    for row in sorted(report.rates, key=lambda r: r.rate):
        if row.metric.low < report.golden.value - 0.01:
            break
        held = row
    return held
