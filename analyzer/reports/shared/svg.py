"""Charts as SVG: one style for all."""

import re
from typing import Any

BLUE, RED, AMBER, GREY = "#1f5fa8", "#b3261e", "#b26a00", "#6b7280"


STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "relcheck",
    "font.family": "DejaVu Sans",  # measured with; the page shows its own font
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9ca3af",
    "axes.grid": True,
    "grid.color": "#e5e7eb",
    "legend.frameon": False,
}


SVG_METADATA = ("Date", "Creator", "Format", "Type")
"""Metadata that matplotlib would write beside the drawing; the report states them itself."""


def only_svg(text: str) -> str:
    """A drawing without XML declaration and doctype, whose size the page decides."""
    svg = text[text.index("<svg") :]
    return re.sub(
        r'(<svg[^>]*?) width="[^"]*"',
        r"\1",
        re.sub(r' height="[^"]*pt"', "", svg, count=1),
        count=1,
    )
