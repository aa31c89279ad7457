"""One style for all pictures: light background, wherever they are shown, and the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from analyzer.reports.comparison.chart import COLORS, MARKERS
from analyzer.reports.shared.svg import STYLE, SVG_METADATA

__all__ = ["COLORS", "MARKERS", "drawn"]


def drawn(size: tuple[float, float], draw: Callable[[Figure], None]) -> str:
    """A picture as an SVG document.

    Args:
        size: width and height in inches.
        draw: adds axes to an empty figure.

    Returns:
        The same text for the same drawing.
    """
    with mpl.rc_context({**STYLE, "svg.hashsalt": "paper"}):
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        FigureCanvasSVG(figure)
        draw(figure)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(SVG_METADATA))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"
