"""Distributions of activations layer by layer, and shares beyond thresholds, as SVG text."""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analyzer.faults.rates import show_rate
from analyzer.reports.activations.record import (
    ActivationsReport,
    DistributionPart,
    ModelActivationsPart,
    Number,
    value_of,
)
from analyzer.reports.activations.words import WITHOUT
from analyzer.reports.comparison.chart import COLORS, MARKERS, NAME_CHARACTERS
from analyzer.reports.shared.svg import STYLE, SVG_METADATA, only_svg

WIDTH = 7.6
"""Inches; the page scales it."""

LARGEST = 3.4e38
"""Infinity is drawn here: at the end of float32."""

LINEAR_PART = 0.8
"""Height of the linear piece of the axis, as a share of that of all decades above it."""

MOST_TICKS = 5
"""Labels on the logarithmic piece of an axis."""

LEAST_SHARE = 1e-6
"""Shares below are drawn on a linear piece of the axis, down to 0."""

SPREAD = 0.7
"""Part of the distance between two activations that the bars of all models take."""


@dataclass(frozen=True)
class Series:
    """The distributions of one model, in the order of its activations.

    Attributes:
        index: Which model, for its color.
        name: In the legend.
        found: Of each activation.
    """

    index: int
    name: str
    found: Sequence[DistributionPart]


def distribution_charts(report: ActivationsReport) -> list[tuple[str, str]]:
    """A chart per rate, all models side by side; the first is without faults.

    Returns:
        Heading and one ``<svg>`` element of each, the same bytes for the same report.
    """
    golden = [_series(i, m, [s.golden for s in m.sites]) for i, m in enumerate(report.models)]
    linear = _linear(golden)
    charts = [(WITHOUT, _of_series(golden, linear))]
    for rate in report.plan.rates:
        series = [
            _series(i, m, row.sites)
            for i, m in enumerate(report.models)
            for row in m.rates
            if row.rate == rate and row.sites
        ]
        if series:
            charts.append((f"at {show_rate(rate)}", _of_series(series, linear)))
    return charts


def _of_series(series: Sequence[Series], linear: float) -> str:
    return _draw(lambda axes: _boxes(axes, series, linear), 3.3)


def _series(index: int, model: ModelActivationsPart, found: Sequence[DistributionPart]) -> Series:
    return Series(index, _name(model), found)


def _name(model: ModelActivationsPart) -> str:
    """The label of a model in the legend; matplotlib reads ``$`` as mathematics."""
    path = model.model.path
    if len(path) > NAME_CHARACTERS:
        path = f"…{path[-(NAME_CHARACTERS - 1) :]}"
    return f"{model.label}  {path}".replace("$", r"\$")


def _linear(golden: Sequence[Series]) -> float:
    """The end of the linear piece of the axis: all quartiles and means without faults lie below."""
    names = ("first_quartile", "third_quartile", "mean")
    ends = [abs(end) for series in golden for name in names for end in _drawn(series, name)]
    largest = max((end for end in ends if end > 0.0), default=1.0)
    size = 10.0 ** math.floor(math.log10(largest))
    return math.ceil(largest / size) * size


def _boxes(axes: Axes, series: Sequence[Series], linear: float) -> None:
    """Bars from the first to the third quartile, whiskers to the extremes, as in Figs 5, 9, 10."""
    step = SPREAD / len(series)
    ends = []
    for place, one in enumerate(series):
        color = COLORS[one.index % len(COLORS)]
        x = _places(len(one.found), place, len(series))
        low, high = _drawn(one, "minimum"), _drawn(one, "maximum")
        ends += [end for end in (*low, *high) if math.isfinite(end)]
        thick = max(1.5, min(9.0, 300.0 * step / max(1, len(one.found))))
        axes.vlines(x, low, high, color=color, linewidth=0.8, alpha=0.6)
        first, third = _drawn(one, "first_quartile"), _drawn(one, "third_quartile")
        axes.vlines(x, first, third, color=color, linewidth=thick, alpha=0.4)
        dash: dict[str, Any] = {"linestyle": "none", "color": color, "markeredgewidth": 1.4}
        axes.plot(x, _drawn(one, "median"), marker="_", markersize=thick + 2.0, **dash)
        axes.plot(x, _drawn(one, "mean"), marker="o", markersize=3.0, label=one.name, **dash)
    _scale(axes, min(ends, default=0.0), max(ends, default=1.0), linear)
    axes.set_ylabel("activation")
    _finish(axes, len(series), max(len(one.found) for one in series))


def _places(count: int, place: int, models: int) -> list[float]:
    """The places of the activations of one of several models, side by side."""
    shift = SPREAD / models * (place - (models - 1) / 2)
    return [number + shift for number in range(1, count + 1)]


def _scale(axes: Axes, least: float, most: float, linear: float) -> None:
    """An axis that is linear around 0 and logarithmic beyond, with a few round labels."""
    top = max(most, -least, linear)
    decades = max(1.0, math.log10(top / linear))
    axes.set_yscale("symlog", linthresh=linear, linscale=LINEAR_PART * decades)
    step = max(1, math.ceil(decades / MOST_TICKS))
    first = math.floor(math.log10(linear)) + 1
    apart = 10.0 ** (0.4 * step)
    powers = [10.0**power for power in range(first, 39, step) if 10.0**power <= top]
    above = [0.0, linear / 2, linear, *(power for power in powers if power > apart * linear)]
    below = [-tick for tick in above if tick and -tick >= least] if least < 0.0 else []
    axes.set_yticks([*below, *above])
    axes.minorticks_off()
    axes.set_ylim(1.3 * min(least, 0.0) - 0.06 * linear, 1.3 * max(most, linear))
    axes.yaxis.set_major_formatter(FuncFormatter(_tick))


def _drawn(series: Series, name: str) -> list[float]:
    """One figure of each activation; infinity at the end of float32."""
    found: list[Number] = [getattr(part, name) for part in series.found]
    values = map(value_of, found)
    return [value if math.isnan(value) else min(max(value, -LARGEST), LARGEST) for value in values]


def _tick(value: float, _place: object) -> str:
    if value == 0.0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:g}"
    return f"{value:.0e}".replace("e+", "e").replace("e0", "e")


def share_charts(report: ActivationsReport) -> list[tuple[str, str]]:
    """The share of values beyond the threshold, activation by activation, as in Fig. 8.

    Returns:
        Heading and one ``<svg>`` element of each: of one model with a curve per rate; of several
        models one per rate, with a curve per model.
    """
    if len(report.models) == 1:
        return [("", _draw(lambda axes: _by_rate(axes, report.models[0]), 3.6))]
    charts = []
    for rate in (0.0, *report.plan.rates):
        curves = [
            (i, _name(m), found)
            for i, m in enumerate(report.models)
            if (found := _found(m, rate)) is not None
        ]
        heading = f"at {show_rate(rate)}" if rate else WITHOUT
        if curves:
            charts.append((heading, _of_curves(curves)))
    return charts


Curve = tuple[int, str, Sequence[DistributionPart]]


def _of_curves(curves: Sequence[Curve]) -> str:
    return _draw(lambda axes: _curves(axes, curves), 2.9)


def _found(model: ModelActivationsPart, rate: float) -> Sequence[DistributionPart] | None:
    """The distributions of a model at a rate, 0 without faults; None where there are none."""
    if not rate:
        return [site.golden for site in model.sites]
    return next((row.sites for row in model.rates if row.rate == rate and row.sites), None)


def _by_rate(axes: Axes, model: ModelActivationsPart) -> None:
    golden: Curve = (7, WITHOUT, [site.golden for site in model.sites])
    rates = [row for row in model.rates if row.sites]
    curves = [(i, show_rate(row.rate), row.sites) for i, row in enumerate(rates)]
    _curves(axes, [golden, *curves])


def _curves(axes: Axes, curves: Sequence[Curve]) -> None:
    for place, (index, name, found) in enumerate(curves):
        color, marker = COLORS[index % len(COLORS)], MARKERS[index % len(MARKERS)]
        x = _places(len(found), place, len(curves))
        lows, highs = [p.beyond.low for p in found], [p.beyond.high for p in found]
        axes.vlines(x, lows, highs, color=color, linewidth=1.6, alpha=0.3)
        shares = [part.beyond.estimate for part in found]
        axes.plot(x, shares, color=color, label=name, marker=marker, markersize=4, linewidth=1.2)
    axes.set_yscale("symlog", linthresh=LEAST_SHARE, linscale=0.5)
    axes.set_ylim(0.0, 1.3)
    axes.set_yticks([0.0, *(10.0**power for power in range(-6, 1))])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:g}"))
    axes.set_ylabel("beyond the threshold, %")
    _finish(axes, len(curves), max(len(found) for _, _, found in curves))


def _finish(axes: Axes, series: int, activations: int) -> None:
    axes.set_xlim(0.4, activations + 0.6)
    axes.set_xlabel("activation, numbered as in the tables")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=20))
    axes.grid(visible=False, axis="x")
    if series > 1:
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), fontsize=9, ncols=2)


def _draw(fill: Callable[[Axes], None], height: float) -> str:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        fill(figure.subplots())
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(SVG_METADATA))
    return only_svg(stream.getvalue())
