"""One style for all pictures, the same bytes each time, and words for those who hear a picture."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from analyzer.reports.comparison.chart import COLORS, MARKERS
from analyzer.reports.shared.svg import STYLE, SVG_METADATA

__all__ = ["COLORS", "MARKERS", "Spoken", "drawn"]

DARK = (
    "@media (prefers-color-scheme: dark) { #figure_1 { filter: invert(0.92) hue-rotate(180deg) } }"
)
"""On a dark page light and dark change places, and colors keep their hue."""


@dataclass(frozen=True)
class Spoken:
    """Words for those who do not see the picture.

    Attributes:
        title: its subject.
        description: axes, and the meaning of lines, points and bars.
    """

    title: str
    description: str


def drawn(size: tuple[float, float], draw: Callable[[Figure], None], spoken: Spoken) -> str:
    """A picture as an SVG document.

    Args:
        size: width and height in inches.
        draw: adds axes to an empty figure.
        spoken: title and description.

    Returns:
        The same text for the same drawing.
    """
    with mpl.rc_context({**STYLE, "svg.hashsalt": "paper"}):
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        FigureCanvasSVG(figure)
        draw(figure)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(SVG_METADATA))
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    return _with_words("\n".join(lines) + "\n", spoken)


def _with_words(svg: str, spoken: Spoken) -> str:
    head = (
        f"\n <title>{escape(spoken.title)}</title>"
        f"\n <desc>{escape(spoken.description)}</desc>\n <style>{DARK}</style>"
    )
    return re.sub(r"(<svg [^>]*?)>", lambda found: f'{found[1]} role="img">{head}', svg, count=1)
