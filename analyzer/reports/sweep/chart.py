"""The accuracy-vs-rate chart with its band, as SVG text."""

import io

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analyzer.faults.rates import show_rate
from analyzer.reports.shared.number_format import METRIC_NAMES, percent
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.shared.svg import AMBER, BLUE, GREY, RED, STYLE, SVG_METADATA, only_svg
from analyzer.reports.sweep.record import RatePart, Report

NAN = float("nan")
"""Where there is nothing to draw."""


def sweep_chart(report: Report) -> str:
    """Metric over rate, and SDC and DUE below it; points with their confidence bands.

    A rate without an estimate has its place on the axis and no point, and lines break there.

    Returns:
        One ``<svg>`` element, the same bytes for the same report.
    """
    rows = sorted(report.rates, key=lambda r: r.rate)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 5.4), layout="constrained")
        FigureCanvasSVG(figure)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        _metric_panel(upper, report, rows)
        _outcome_panel(lower, rows)
        lower.set_xlabel("bit error rate (probability per bit)")
        lower.set_xscale("log")
        lower.set_xticks([r.rate for r in rows], [show_rate(r.rate) for r in rows])
        lower.minorticks_off()
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(SVG_METADATA))
    return only_svg(stream.getvalue())


def _metric_panel(axes: Axes, report: Report, rows: list[RatePart]) -> None:
    name = METRIC_NAMES[report.golden.metric]
    _curve(axes, rows, [r.metric for r in rows], BLUE, name)
    axes.axhline(report.golden.value, color=GREY, linestyle="--", linewidth=1)
    axes.annotate(
        f"fault-free {percent(report.golden.value)} %",
        (1, report.golden.value),
        xycoords=("axes fraction", "data"),
        xytext=(0, -11),
        textcoords="offset points",
        ha="right",
        color=GREY,
        fontsize=9,
    )
    for condition in report.gate.conditions:
        if condition.metric == report.golden.metric:
            axes.plot(condition.rate, condition.bound, marker="_", markersize=16, color=RED)
            axes.annotate(
                f"gate {percent(condition.bound)} %",
                (condition.rate, condition.bound),
                xytext=(0, -12),
                textcoords="offset points",
                ha="center",
                color=RED,
                fontsize=9,
            )
    axes.set_ylim(0, 1.02)
    axes.set_ylabel(f"{name} (%)")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.0f}"))


def _outcome_panel(axes: Axes, rows: list[RatePart]) -> None:
    _curve(axes, rows, [r.sdc for r in rows], RED, "silent corruption (SDC)", "s")
    _curve(axes, rows, [r.due for r in rows], AMBER, "detected error (DUE)", "^")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("images (%)")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:g}"))
    axes.legend(loc="upper left")


def _curve(
    axes: Axes,
    rows: list[RatePart],
    parts: list[IntervalPart | None],
    color: str,
    label: str,
    marker: str = "o",
) -> None:
    rates = [r.rate for r in rows]
    lows, highs = [p.low if p else NAN for p in parts], [p.high if p else NAN for p in parts]
    axes.fill_between(rates, lows, highs, color=color, alpha=0.18, linewidth=0)
    axes.vlines(rates, lows, highs, color=color, linewidth=1)
    points = [p.estimate if p else NAN for p in parts]
    axes.plot(rates, points, color=color, marker=marker, markersize=4, linewidth=1.4, label=label)
