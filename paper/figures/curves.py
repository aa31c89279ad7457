"""Accuracy over the bit error rate: panels of curves with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from paper.figures.style import COLORS, MARKERS, Spoken, drawn
from paper.findings.interval import Interval

APART = 0.025
"""Distance between neighbouring curves at one rate, in powers of ten."""

ACROSS = 3
"""Panels side by side."""


@dataclass(frozen=True)
class Line:
    """A curve.

    Attributes:
        name: in the legend; without one the line is not listed.
        points: rate and metric with its interval, rates ascending.
        color: number of the color; curves of one color belong together.
        law: a smooth line through it, as rates and values.
    """

    name: str
    points: Sequence[tuple[float, Interval]]
    color: int
    law: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    title: str
    lines: Sequence[Line]


def curves(panels: Sequence[Panel], label: str, size: tuple[float, float], title: str) -> str:
    """Panels with one legend.

    Args:
        panels: at least one.
        label: of the vertical axis, without its unit: percent.
        size: of one panel in inches.
        title: of the picture, for those who hear it.

    Returns:
        An SVG document.
    """
    across = min(ACROSS, len(panels))
    down = -(-len(panels) // across)

    def draw(figure: Figure) -> None:
        grid = figure.subplots(down, across, sharey=True, squeeze=False)
        for axes, panel in zip(grid.flat, panels, strict=False):
            _panel(axes, panel)
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_visible(False)
        for row in grid:
            row[0].set_ylabel(f"{label} (%)")
        _legend(figure, grid.flat[0], len(panels))

    named = dict.fromkeys(line.name for panel in panels for line in panel.lines)
    spoken = Spoken(
        title,
        f"Horizontal: bit error rate, logarithmic. Vertical: {label} in percent. Panels: "
        f"{'; '.join(panel.title for panel in panels)}. Curves: {', '.join(named)}. Bars: 95 % "
        "intervals.",
    )
    return drawn((size[0] * across, size[1] * down + 0.3), draw, spoken)


def _panel(axes: Axes, panel: Panel) -> None:
    for place, line in enumerate(panel.lines):
        apart = 10 ** (APART * (line.color - 1))
        rates = [rate * apart for rate, _ in line.points]
        lows, highs = [m.low for _, m in line.points], [m.high for _, m in line.points]
        color, marker = COLORS[line.color % len(COLORS)], MARKERS[line.color % len(MARKERS)]
        first = all(other.name != line.name for other in panel.lines[:place])
        axes.vlines(rates, lows, highs, color=color, linewidth=1.2)
        axes.plot(
            rates,
            [m.estimate for _, m in line.points],
            color=color,
            marker=marker,
            markersize=4,
            linewidth=0 if line.law else 1.4,
            label=line.name if first else None,
        )
        if line.law:
            axes.plot([r for r, _ in line.law], [v for _, v in line.law], color=color, linewidth=1)
    axes.set_title(panel.title, fontsize=10, loc="left")
    axes.set_xlabel("bit error rate (probability per bit)")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(10, numticks=12))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda rate, _: f"{rate:.0e}".replace("e-0", "e-"))
    )
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
    axes.set_ylim(0, None)


def _legend(figure: Figure, axes: Axes, panels: int) -> None:
    if panels == 1:
        axes.legend(loc="lower left", fontsize=9)
        return
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=len(names), fontsize=9)
