"""Options that name the files of reports: one per form that has a flag."""

from collections.abc import Collection
from copy import copy
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from analyzer.reports.formats import Format, RecordKind, formats_of

PANEL = "Verdict and reports"
"""Heading under which help lists them."""


def option(panel: str, metavar: str, text: str, **more: Any) -> Any:
    """An option without a shown default.

    Args:
        panel: heading under which help lists it.
        metavar: what stands for its value.
        text: of help.
        more: of typer.
    """
    shown: dict[str, Any] = {"metavar": metavar, "rich_help_panel": panel, "show_default": False}
    return typer.Option(help=text, **shown, **more)


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


def plain(annotation: Any) -> Any:
    """The same option among those without a panel."""
    kind, option = get_args(annotation)
    outside = copy(option)
    outside.rich_help_panel = None
    return Annotated[kind, outside]


def _output(form: Format, text: str, panel: str | None) -> Any:
    option = typer.Option(
        f"--{form.name}", help=text, metavar="FILE", rich_help_panel=panel, show_default=False
    )
    return Annotated[Path | None, option]
