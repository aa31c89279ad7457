"""Mean log-odds of each method with errors, a series per variant, as in Fig. 12 of the paper."""

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from analyzer.reports.comparison.chart import COLORS, MARKERS
from analyzer.reports.log_odds.record import LogOddsReport, MeanLogOddsPart
from analyzer.reports.shared.svg import STYLE, SVG_METADATA, only_svg
from analyzer.reports.shared.terminal_text import short_names

APART = 0.08
"""Distance between the series of variants where methods stand side by side."""

NAME_CHARACTERS = 18


def log_odds_chart(found: LogOddsReport) -> str:
    """The means over data sets; the line is that of the first variant.

    Returns:
        One ``<svg>`` element, the same bytes for the same report.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 4.2), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        for index, variant in enumerate(found.variants):
            parts = [part for part in found.means if part.variant == variant]
            _draw(axes, index, variant, _places(found, index), parts)
        _label(axes, found)
        axes.set_ylabel("log-odds, mean over data sets")
        axes.legend(loc="best", fontsize=9)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(SVG_METADATA))
    return only_svg(stream.getvalue())


def _places(found: LogOddsReport, index: int) -> list[float]:
    if found.places:
        return [found.places[method] for method in found.methods]
    shift = APART * (index - (len(found.variants) - 1) / 2)
    return [place + shift for place in range(len(found.methods))]


def _draw(
    axes: Axes, index: int, name: str, places: Sequence[float], parts: Sequence[MeanLogOddsPart]
) -> None:
    axes.errorbar(
        places,
        [part.log_odds for part in parts],
        yerr=[part.error or 0.0 for part in parts],
        color=COLORS[index % len(COLORS)],
        marker=MARKERS[index % len(MARKERS)],
        markersize=6,
        linestyle="none",
        capsize=3,
        label=_plain(name),
    )


def _label(axes: Axes, found: LogOddsReport) -> None:
    names = [_plain(name) for name in short_names(found.methods, NAME_CHARACTERS).values()]
    if not found.places:
        axes.set_xticks(range(len(names)), names)
        axes.set_xlim(-0.5, len(names) - 0.5)
        return
    axes.set_xlabel("x, as the list of models gives it")
    highest = {
        method: max(p.log_odds + (p.error or 0.0) for p in found.means if p.method == method)
        for method in found.methods
    }
    for method, name in zip(found.methods, names, strict=True):
        place = (found.places[method], highest[method])
        axes.annotate(
            name, place, (0, 6), textcoords="offset points", ha="center", va="bottom", fontsize=9
        )
    axes.margins(0.12, 0.18)
    if found.line:
        ends = [min(found.places.values()), max(found.places.values())]
        heights = [found.line.intercept + found.line.slope * x for x in ends]
        axes.plot(ends, heights, color=COLORS[0], linewidth=1.2, zorder=0)


def _plain(text: str) -> str:
    """Text that matplotlib does not read as mathematics."""
    return text.replace("$", r"\$")
