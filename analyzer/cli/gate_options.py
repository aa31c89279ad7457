"""Options of gates, and of ``relcheck diff``, which judges reports."""

from pathlib import Path
from typing import Annotated

from analyzer.cli.option_forms import option
from analyzer.cli.report_options import PANEL

Gate = Annotated[
    list[str] | None, option(PANEL, "TEXT", "Like 'top1 >= 0.90 @ 1e-6' (repeatable).")
]
ComparisonGate = Annotated[
    list[str] | None,
    option(PANEL, "TEXT", "Like 'top1 >= A - 0.01 @ 1e-6'; A is the reference (repeatable)."),
]
MapGate = Annotated[
    list[str] | None,
    option(PANEL, "TEXT", "Like 'sdc <= 1e-3', or 'sdc <= 1% @ conv1.*' (repeatable)."),
]
Waivers = Annotated[
    Path | None, option(PANEL, "FILE", "Conditions that are excused until a day, with a reason.")
]
Together = Annotated[str | None, option(PANEL, "X", "Of all differences together (default 0.95).")]
Tolerance = Annotated[
    str | None,
    option(PANEL, "X", "Differences up to this are no regression (default 0)."),
]
Across = Annotated[
    list[str] | None,
    option(PANEL, "WORDS", "Compare though these differ, like runtime,data (repeatable)."),
]
MissingBaseline = Annotated[
    str | None,
    option(PANEL, "WORD", "Where OLD does not exist: error (default), or pass."),
]
DIFF = {
    "gate": ComparisonGate,
    "waivers": Waivers,
    "confidence": Together,
    "tolerance": Tolerance,
    "across": Across,
    "missing_baseline": MissingBaseline,
}
"""Of ``diff`` alone, beside those of its reports."""
