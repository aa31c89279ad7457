"""Words of a command, from strings, numbers and paths."""

from __future__ import annotations

PREPROCESSING = (
    *("--input", "32"),
    *("--mean", "0.4914,0.4822,0.4465"),
    *("--std", "0.247,0.2435,0.2616"),
)
"""Options of everything that trains; the files that it writes hold them."""

IN_PROCESS = ("--jobs", "0", "--journal", "none")
"""Options of every measurement: stages run side by side, and leave nothing outside the folder."""


def words(*parts: object) -> tuple[str, ...]:
    """As Python's ``str`` writes each."""
    return tuple(str(part) for part in parts)
