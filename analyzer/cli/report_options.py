"""Options that name the files of reports: one per form that has a flag."""

from collections.abc import Collection
from copy import copy
from pathlib import Path
from typing import Annotated, Any, get_args

from analyzer.cli.option_forms import option
from analyzer.reports.formats import Format, RecordKind, formats_of

PANEL = "Verdict and reports"
"""Heading under which help lists them."""


def outputs(kind: RecordKind, panel: str | None = PANEL) -> dict[str, Any]:
    """One option per form of a report, by name.

    Args:
        kind: of the report.
        panel: where help lists them; None: among the options without a panel.
    """
    own = formats_of([kind]).values()
    return {form.name: _output(form, form.help, panel) for form in own if form.flag}


def resumed_outputs(kinds: Collection[RecordKind]) -> dict[str, Any]:
    """One option per form of several reports; help says of which report, if not of all.

    Args:
        kinds: of the reports.
    """
    options = {}
    for name, form in _flagged(kinds).items():
        having = [kind for kind in kinds if name in _flagged([kind])]
        text = form.help
        if len(having) < len(kinds):
            text = f"Of a {having[0]}: {text[0].lower()}{text[1:]}"
        options[name] = _output(form, text, None)
    return options


def _flagged(kinds: Collection[RecordKind]) -> dict[str, Format]:
    """Forms with a flag of their own, by name."""
    found: dict[str, Format] = {}
    for kind in kinds:
        for form in formats_of([kind]).values():
            if form.flag:
                found.setdefault(form.name, form)
    return found


def formats(kind: RecordKind) -> Any:
    """The option ``--format``, whose help lists the forms of a report."""
    *most, last = formats_of([kind])
    text = f"Write a report as {', '.join(most)} or {last}; - prints (repeatable)."
    return Annotated[list[str] | None, option(PANEL, "NAME=FILE", text)]


def plain(annotation: Any) -> Any:
    """The same option among those without a panel."""
    kind, given = get_args(annotation)
    outside = copy(given)
    outside.rich_help_panel = None
    return Annotated[kind, outside]


def _output(form: Format, text: str, panel: str | None) -> Any:
    return Annotated[Path | None, option(panel, "FILE", text, name=f"--{form.name}")]
