"""Distributions of activations layer by layer, and shares beyond thresholds, as SVG text."""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
"""Where infinity is drawn: the end of float32."""

FAR = 30.0
"""So many times the largest fault-free quartile and more are drawn on a logarithmic axis."""

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
    linear = _largest(golden)
    charts = [(WITHOUT, _draw(lambda axes: _boxes(axes, golden, linear), 3.3))]
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


def _largest(golden: Sequence[Series]) -> float:
    """The size of fault-free activations: of their maxima, extremes included."""
    ends = (
        abs(number)
        for series in golden
        for part in series.found
        for number in (value_of(part.minimum), value_of(part.maximum))
    )
    return max((end for end in ends if math.isfinite(end)), default=1.0) or 1.0


def _boxes(axes: Axes, series: Sequence[Series], linear: float) -> None:
    """Bars from the first to the third quartile, whiskers to the extremes, as in Figs 5, 9, 10."""
    step = SPREAD / len(series)
    ends = []
    for place, one in enumerate(series):
        shift = step * (place - (len(series) - 1) / 2)
        color = COLORS[one.index % len(COLORS)]
        x = [number + shift for number in range(1, len(one.found) + 1)]
        low, high = (_drawn(one, name) for name in ("minimum", "maximum"))
        ends += [*low, *high]
        thick = max(1.0, min(9.0, 260.0 * step / max(1, len(one.found))))
        axes.vlines(x, low, high, color=color, linewidth=0.8, alpha=0.6)
        first, third = _drawn(one, "first_quartile"), _drawn(one, "third_quartile")
        axes.vlines(x, first, third, color=color, linewidth=thick, alpha=0.45, label=one.name)
        dash = {"linestyle": "none", "color": color, "markeredgewidth": 1.4}
        axes.plot(x, _drawn(one, "median"), marker="_", markersize=thick + 2.0, **dash)
        axes.plot(x, _drawn(one, "mean"), marker="o", markersize=3.0, **dash)
    if any(abs(end) > FAR * linear for end in ends if math.isfinite(end)):
        axes.set_yscale("symlog", linthresh=10.0 ** math.ceil(math.log10(linear)), linscale=1.5)
    axes.set_ylabel("activation")
    axes.yaxis.set_major_formatter(FuncFormatter(_tick))
    _finish(axes, len(series) > 1)


def _drawn(series: Series, name: str) -> list[float]:
    """One figure of each activation; infinity at the end of float32."""
    found: list[Number] = [getattr(part, name) for part in series.found]
    return [min(max(value_of(number), -LARGEST), LARGEST) for number in found]


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
    for index, name, found in curves:
        color, marker = COLORS[index % len(COLORS)], MARKERS[index % len(MARKERS)]
        x = list(range(1, len(found) + 1))
        lows, highs = [p.beyond.low for p in found], [p.beyond.high for p in found]
        axes.fill_between(x, lows, highs, color=color, alpha=0.12, linewidth=0)
        shares = [part.beyond.estimate for part in found]
        style = {"marker": marker, "markersize": 4, "linewidth": 1.4}
        axes.plot(x, shares, color=color, label=name, **style)
    axes.set_yscale("symlog", linthresh=LEAST_SHARE, linscale=0.5)
    axes.set_ylim(0.0, 1.3)
    axes.set_yticks([0.0, *(10.0**power for power in range(-6, 1))])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:g}"))
    axes.set_ylabel("beyond the threshold, %")
    _finish(axes, True)


def _finish(axes: Axes, legend: bool) -> None:
    axes.set_xlabel("activation, numbered as in the tables")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=20))
    axes.grid(visible=False, axis="x")
    if legend:
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), fontsize=9, ncols=2)


def _draw(fill: Callable[[Axes], None], height: float) -> str:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        fill(figure.subplots())
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(SVG_METADATA))
    return only_svg(stream.getvalue())
