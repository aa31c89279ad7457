"""The text of `relcheck journals`: a line for each journal."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.reports.shared.number_format import UNKNOWN, age, size
from analyzer.reports.shared.terminal_text import columns, short_names

FIXED = 44
"""Columns of a line without the names of model and file."""


@dataclass(frozen=True)
class JournalRow:
    """One journal.

    Attributes:
        path: The file.
        size: Bytes.
        age: Seconds since something was written to it.
        job: The command that it belongs to; empty: it does not say.
        model: File name of the model; empty: it does not say.
        finished: Whether its work was done.
    """

    path: Path
    size: int
    age: float
    job: str = ""
    model: str = ""
    finished: bool = False


def journals_text(folder: Path, rows: Sequence[JournalRow], removed: Collection[Path]) -> str:
    """A table of journals, and how many bytes they take.

    Args:
        folder: where they are.
        rows: one for each.
        removed: those that are gone.
    """
    if not rows:
        return f"{folder} holds no journals\n"
    width = (columns() - FIXED) // 2
    files = short_names([row.path.name for row in rows], width)
    models = short_names([row.model for row in rows], width)
    lines = [f"{'journal':<{width}} {'model':<{width}} job        size      age  state"]
    lines.append("─" * columns())
    for row in rows:
        state = "finished" if row.finished else "unfinished"
        if row.path in removed:
            state = "removed"
        lines.append(
            f"{files[row.path.name]:<{width}} {models[row.model] or UNKNOWN:<{width}} "
            f"{row.job or UNKNOWN:<7}{size(row.size):>9}{age(row.age):>9}  {state}"
        )
    left = [row for row in rows if row.path not in removed]
    gone = size(sum(row.size for row in rows if row.path in removed))
    lines += ["", f"{len(left)} journals with {size(sum(r.size for r in left))} in {folder}"]
    if removed:
        lines.append(f"{len(removed)} removed, {gone}")
    return "\n".join(line.rstrip() for line in lines) + "\n"
