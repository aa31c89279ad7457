"""Figures with their intervals, one below the other: who differs from whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from paper.figures.style import COLORS, MARKERS, Spoken, drawn
from paper.findings.interval import Interval

APART = 0.16
"""Distance between the series of one row, in rows."""


@dataclass(frozen=True)
class Series:
    """One color: a figure for each row, None where there is none.

    Attributes:
        open: rows whose figure is only a lower limit; an arrow says so.
    """

    name: str
    values: Sequence[Interval | None]
    open: Sequence[bool] = ()


@dataclass(frozen=True)
class Column:
    """One pair of axes.

    Attributes:
        label: below, with its unit.
        logarithmic: scale of the axis; otherwise values are shown in percent or points.
    """

    label: str
    series: Sequence[Series]
    logarithmic: bool = False


def dots(rows: Sequence[str], columns: Sequence[Column], title: str, width: float = 4.6) -> str:
    """Columns that share their rows.

    Args:
        rows: names, from top to bottom.
        columns: from left to right; their series have a value for each row.
        title: of the picture, for those who hear it.
        width: of a column in inches.

    Returns:
        An SVG document.
    """
    height = 1.3 + 0.2 * len(rows) * max(2, max(len(c.series) for c in columns) * 0.7)

    def draw(figure: Figure) -> None:
        grid = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for axes, column in zip(grid, columns, strict=True):
            _column(axes, column, len(rows))
        grid[0].set_yticks(range(len(rows)), rows)
        handles, names = grid[0].get_legend_handles_labels()
        if len(names) > 1:
            figure.legend(handles, names, loc="outside upper left", ncols=4, fontsize=9)

    named = dict.fromkeys(series.name for column in columns for series in column.series)
    spoken = Spoken(
        title,
        f"Rows: {', '.join(rows)}. Columns: {'; '.join(column.label for column in columns)}. "
        f"Points: {', '.join(named)}. Bars: 95 % intervals; an arrow: only a lower limit.",
    )
    return drawn((width * len(columns) + 0.8, height), draw, spoken)


def _column(axes: Axes, column: Column, rows: int) -> None:
    for place, series in enumerate(column.series):
        shift = APART * (place - (len(column.series) - 1) / 2)
        color = COLORS[place % len(COLORS)]
        there = [(i, v) for i, v in enumerate(series.values) if v is not None]
        places = [i + shift for i, _ in there]
        estimates = [v.estimate for _, v in there]
        axes.hlines(places, [v.low for _, v in there], [v.high for _, v in there], color=color)
        axes.plot(
            estimates,
            places,
            color=color,
            marker=MARKERS[place % len(MARKERS)],
            markersize=5,
            linewidth=0,
            label=series.name,
        )
        for (i, v), y in zip(there, places, strict=True):
            if series.open and series.open[i]:
                axes.plot([v.estimate], [y], color=color, marker="$→$", markersize=13, linewidth=0)
    axes.set_xlabel(column.label)
    axes.set_ylim(rows - 0.5, -0.5)
    if column.logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _power(value)))
        axes.xaxis.set_minor_locator(NullLocator())
        return
    axes.axvline(0.0, color="#6b7280", linewidth=1, linestyle="--")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))


def _power(value: float) -> str:
    """Short forms: 2e-5, 50."""
    return f"{value:g}" if value >= 0.01 else f"{value:.0e}".replace("e-0", "e-")
