"""FIT from raw to silent, on a logarithmic axis, with intervals and budgets."""

import io

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analyzer.reports.shared.amounts import number
from analyzer.reports.shared.svg import AMBER, BLUE, GREY, RED, STYLE, SVG_METADATA, only_svg
from analyzer.reports.target.memory import AmountPart
from analyzer.reports.target.record import TargetReport

ROWS = (
    ("corrected", "corrected", GREY),
    ("masked", "masked", GREY),
    ("due", "detected (DUE)", AMBER),
    ("sdc", "silent (SDC)", RED),
    ("sdc_critical", "critical SDC", RED),
)
BUDGETS = {"sdc_fit": "sdc", "due_fit": "due", "critical_sdc_fit": "sdc_critical"}
DECADES = 6
"""Decades of the axis below the raw rate, at most."""


def roll_up_chart(report: TargetReport) -> str:
    """FIT of every outcome of the whole memory: points, intervals, budgets.

    Args:
        report: whose ``total.fit`` is known.

    Returns:
        One ``<svg>`` element, the same bytes for the same report.
    """
    fit = report.total.fit
    assert fit is not None, "a report without FIT has no chart of it"
    found = [(label, getattr(fit, name), color, name) for name, label, color in ROWS]
    rows = [row for row in found if row[1] is not None and row[1].high > 0.0]
    least = max(fit.raw * 10.0**-DECADES, _least([part for _, part, _, _ in rows]))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 0.9 + 0.42 * (len(rows) + 1)), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        axes.plot([fit.raw], [0], marker="D", color=BLUE, linestyle="none")
        for place, (_, part, color, name) in enumerate(rows, 1):
            _row(axes, place, part, color, least)
            _budgets(axes, report, place, name)
        axes.set_xscale("log")
        axes.set_xlim(least / 2.0, fit.raw * 3.0 if fit.raw else 1.0)
        axes.set_yticks(range(len(rows) + 1), ["raw", *(label for label, *_ in rows)])
        axes.invert_yaxis()
        axes.set_xlabel("FIT (events in 1e9 hours)")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: number(x)))
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(SVG_METADATA))
    return only_svg(stream.getvalue())


def _least(parts: list[AmountPart]) -> float:
    """The lowest figure that is drawn."""
    drawn = [value for part in parts for value in (part.low or part.estimate or part.high,)]
    return min(drawn, default=1.0) / 2.0


def _row(axes: Axes, place: int, part: AmountPart, color: str, least: float) -> None:
    """A point with its interval; where nothing was observed, the limit with an arrow."""
    axes.hlines(place, max(part.low, least / 2.0), part.high, color=color, linewidth=3, alpha=0.35)
    nothing = part.estimate == part.low < part.high
    axes.plot(
        [part.high if nothing else part.estimate],
        [place],
        marker="<" if nothing else "o",
        color=color,
        linestyle="none",
        markersize=6,
    )


def _budgets(axes: Axes, report: TargetReport, place: int, name: str) -> None:
    """The bounds of the conditions on an outcome, as marks in its row."""
    for condition in report.verdict.conditions:
        if BUDGETS.get(condition.figure) == name and condition.bound > 0.0:
            axes.plot([condition.bound], [place], marker="|", markersize=16, color=RED, mew=2)
            axes.annotate(
                f"budget {number(condition.bound)}",
                (condition.bound, place),
                xytext=(4, 7),
                textcoords="offset points",
                color=RED,
                fontsize=9,
            )
