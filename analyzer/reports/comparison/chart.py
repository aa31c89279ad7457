"""Curves of several models with their bands, and of their differences, as SVG text."""

import io
from collections.abc import Callable, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analyzer.faults.rates import show_rate
from analyzer.reports.comparison.record import (
    ComparedModelPart,
    ComparedRatePart,
    Comparison,
)
from analyzer.reports.shared.number_format import METRIC_NAMES
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.shared.signed_numbers import DifferencePart
from analyzer.reports.shared.svg import GREY, STYLE, SVG_METADATA, only_svg

COLORS = ("#1f5fa8", "#d55e00", "#00805c", "#a6518a", "#8a6d00", "#3a9ad9", "#6b3fa0", "#4b5563")
"""After Okabe & Ito, darkened for thin lines: eyes that see no red or no green tell them apart."""

MARKERS = "os^Dv<>P"

APART = 0.02
"""Distance between the points of neighbouring models at one rate, in powers of ten."""

NAME_CHARACTERS = 44

RangePart = IntervalPart | DifferencePart
Curve = tuple[int, str, Sequence[RangePart | None]]
"""Index of the model, its name in the legend, and its figure at each rate, rates ascending; None
where there is no estimate."""

NAN = float("nan")
"""Where there is nothing to draw: lines break there."""


def comparison_chart(comparison: Comparison) -> str:
    """The metric (without labels: SDC) over the rate, a curve per model.

    Returns:
        One ``<svg>`` element, the same bytes for the same comparison.
    """
    metric = comparison.metric
    curves = [
        (i, _name(m), [r.metric if metric else r.sdc for r in _rows(m)])
        for i, m in enumerate(comparison.models)
    ]

    def finish(axes: Axes) -> None:
        axes.set_ylim(0, 1.02 if metric else None)
        axes.set_ylabel("SDC (% of images)" if metric is None else f"{METRIC_NAMES[metric]} (%)")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:g}"))
        axes.legend(loc="lower left" if metric else "upper left", fontsize=9)

    return _chart(comparison, curves, finish, 4.0)


def difference_chart(comparison: Comparison) -> str:
    """The metric (without labels: SDC) minus that of the reference, a curve per other model.

    Returns:
        One ``<svg>`` element, the same bytes for the same comparison.
    """
    curves: list[Curve] = []
    for i, model in enumerate(comparison.models[1:], 1):
        found = [r.difference for r in _rows(model)]
        parts = [(d.metric if comparison.metric else d.sdc) if d else None for d in found]
        curves.append((i, _name(model), parts))
    first = comparison.models[0].label

    def finish(axes: Axes) -> None:
        axes.axhline(0.0, color=GREY, linewidth=1, linestyle="--")
        axes.set_ylabel(f"less {first} (points)")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:+g}" if y else "0"))
        axes.legend(loc="best", fontsize=9)

    return _chart(comparison, curves, finish, 3.2)


def _rows(model: ComparedModelPart) -> list[ComparedRatePart]:
    return sorted(model.rates, key=lambda r: r.rate)


def _name(model: ComparedModelPart) -> str:
    """The label of a model in the legend; matplotlib reads ``$`` as mathematics."""
    path = model.model.path
    if len(path) > NAME_CHARACTERS:
        path = f"…{path[-(NAME_CHARACTERS - 1) :]}"
    return f"{model.label}  {path}".replace("$", r"\$")


def _chart(
    comparison: Comparison,
    curves: Sequence[Curve],
    finish: Callable[[Axes], None],
    height: float,
) -> str:
    rates = sorted(row.rate for row in comparison.models[0].rates)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        for place, curve in enumerate(curves):
            apart = 10 ** (APART * (place - (len(curves) - 1) / 2))
            _draw(axes, [rate * apart for rate in rates], curve)
        axes.set_xlabel("bit error rate (probability per bit)")
        axes.set_xscale("log")
        axes.set_xticks(rates, [show_rate(rate) for rate in rates])
        axes.minorticks_off()
        finish(axes)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(SVG_METADATA))
    return only_svg(stream.getvalue())


def _draw(axes: Axes, places: Sequence[float], curve: Curve) -> None:
    index, name, parts = curve
    color, marker = COLORS[index % len(COLORS)], MARKERS[index % len(MARKERS)]
    dashes = ("-", "--", ":")[index // len(COLORS) % 3]
    lows, highs = [p.low if p else NAN for p in parts], [p.high if p else NAN for p in parts]
    axes.fill_between(places, lows, highs, color=color, alpha=0.14, linewidth=0)
    axes.vlines(places, lows, highs, color=color, linewidth=1)
    axes.plot(
        places,
        [p.estimate if p else NAN for p in parts],
        color=color,
        marker=marker,
        markersize=4,
        linewidth=1.4,
        linestyle=dashes,
        label=name,
    )
