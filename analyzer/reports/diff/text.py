"""A difference between two reports as plain text, 80 columns wide, for the terminal."""

from collections.abc import Iterator

from analyzer.reports.diff.record import Difference, DiffFigurePart, DiffSidePart
from analyzer.reports.diff.words import (
    fault_free,
    figure_name,
    headline,
    notes,
    place,
    why_open,
)
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.condition_evidence import evidence_of
from analyzer.reports.shared.signed_numbers import signed, signed_bounds
from analyzer.reports.shared.terminal_text import COLUMNS, short_names, table_row, wrapped
from analyzer.reports.shared.waivers import remarks, word

PLACE_WIDTH = 18
ENDS = (30, 38, 46, 54, 72, COLUMNS)
"""Last character of each column of the table."""

MOST_ROWS = 40
"""Rows of the table; of more, those that are worse or better, and the widest others."""


def difference_text(found: Difference) -> str:
    """Render the result, the table, and the notes that explain it."""
    head = [*wrapped(_head(found), "  "), "", *wrapped([headline(found)])]
    lines = [*head, "", *_table(found), "", *wrapped(_notes(found)), *_gate(found)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def verdict_text(found: Difference) -> str:
    """Render the gate alone; without one, the sentence that decides."""
    lines = _gate(found)[1:] or wrapped([headline(found)])
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _head(found: Difference) -> Iterator[str]:
    yield from found.told
    for name, side in (("old", found.old), ("new", found.new)):
        if side is not None:
            yield f"{name}: {_side(side)}"
    if said := fault_free(found):
        yield said


def _side(side: DiffSidePart) -> str:
    return (
        f"{side.report}, {side.model}, {side.data}, {side.trials:,} trials, seed {side.seed}, "
        f"{side.started[:10]}"
    )


def shown_figures(found: Difference) -> list[DiffFigurePart]:
    """The figures of the table, in the order of the report."""
    if len(found.figures) <= MOST_ROWS:
        return list(found.figures)
    ranked = sorted(enumerate(found.figures), key=lambda entry: _rank(entry[1]))
    return [figure for _, figure in sorted(ranked[:MOST_ROWS], key=lambda entry: entry[0])]


def _rank(figure: DiffFigurePart) -> tuple[bool, bool, float]:
    size = abs(figure.difference.estimate) if figure.difference else 0.0
    return figure.rate is None and figure.tensor is not None, figure.result == "open", -size


def _table(found: Difference) -> list[str]:
    what = "rate" if found.of == "sweeps" else "memory"
    head = ["figure", "old %", "new %", "change", "interval", ""]
    lines = [table_row(head, ENDS, f"{what:<{PLACE_WIDTH}}"), "─" * COLUMNS]
    shown = shown_figures(found)
    names, last = short_names((place(figure) for figure in shown), PLACE_WIDTH - 1), ""
    for figure in shown:
        name = names[place(figure)]
        lines.append(table_row(_cells(figure), ENDS, f"{'' if name == last else name:<18}"))
        last = name
    return lines


def _cells(figure: DiffFigurePart) -> list[str]:
    change, span = figures.UNKNOWN, ""
    if figure.difference is not None:
        change, span = signed(figure.difference.estimate), signed_bounds(figure.difference)
    result = figure.result if figure.result in ("worse", "better") else ""
    old, new = figures.estimate(figure.old), figures.estimate(figure.new)
    return [figure_name(figure.metric), old, new, change, span, result]


def _notes(found: Difference) -> Iterator[str]:
    yield from notes(found)
    if left := len(found.figures) - len(shown_figures(found)):
        yield f"{left} more figures are in the JSON and CSV reports."


def _gate(found: Difference) -> list[str]:
    if found.gate is None:
        return []
    lines = ["", f"Gate: {found.gate.verdict}"]
    for part in found.gate.conditions:
        lines += wrapped([f"  {word(part):<10} {part.condition:<32} {evidence_of(part)}"], "    ")
        for said in [*remarks(part), why_open(part)]:
            lines += wrapped([f"    {said}"], "    ") if said else []
    return lines
