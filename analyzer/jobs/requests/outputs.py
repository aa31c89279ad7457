"""Reports that are asked for: ``--format NAME=FILE``, or a file whose ending names the form."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption, quoted
from analyzer.reports.formats import Format, form_by_ending

STANDARD_OUTPUT = Path("-")
"""The report is to be printed; the table goes to standard error instead."""


def parse_output(text: str, forms: Mapping[str, Format]) -> tuple[str, Path]:
    """The form and the file of one ``--format``.

    Args:
        text: ``NAME=FILE`` or ``FILE``; a file ``-`` is standard output.
        forms: that the job can write, by name.

    Raises:
        BadOption: the text names no form, or no file.

    >>> from analyzer.reports.formats import RecordKind, formats_of
    >>> forms = formats_of([RecordKind.RUN])
    >>> [str(part) for part in parse_output("JUnit=out.txt", forms)]
    ['junit', 'out.txt']
    >>> [str(part) for part in parse_output("out.sarif", forms)]
    ['sarif', 'out.sarif']
    """
    name, equals, file = text.partition("=")
    if equals and name.strip().lower() in forms:
        if not file:
            raise BadOption(f"--format {quoted(text)} names no file; write {name}=FILE")
        return name.strip().lower(), Path(file)
    if form := form_by_ending(text, forms.values()):
        return form.name, Path(text)
    known = ", ".join(f"{form.name} ({form.suffix})" for form in forms.values())
    hint = meant(name, forms) if equals else ""
    raise BadOption(
        f"--format {quoted(text)} names no form{hint}; write NAME=FILE, or a file with one of "
        f"these endings: {known}"
    )


def with_outputs(
    values: Mapping[str, Any], forms: Mapping[str, Format], folder: Path | None = None
) -> dict[str, Any]:
    """Settings with each ``format`` in the place of the setting of its form.

    Args:
        values: settings of one source, by name.
        forms: that the job can write, by name.
        folder: from which files of ``format`` are named; None: the working folder.

    Raises:
        BadOption: an entry cannot be read, or a form is asked for twice.
    """
    found = {key: value for key, value in values.items() if key != "format"}
    asked = values.get("format")
    texts: Sequence[Any] = [asked] if isinstance(asked, str) else asked or []
    for text in texts:
        if not isinstance(text, str):
            raise BadOption(f"--format {quoted(str(text))} is no text; write NAME=FILE")
        name, path = parse_output(text, forms)
        if found.get(name) is not None:
            raise BadOption(f"--format {quoted(text)}: a report as {name} is asked for already")
        found[name] = str(path if folder is None or path == STANDARD_OUTPUT else folder / path)
    return found


def printed_form(outputs: Mapping[str, Path]) -> str | None:
    """Name of the form that is to be printed on standard output; None: the table is.

    Args:
        outputs: name of a form -> file.
    """
    return next((name for name, path in outputs.items() if path == STANDARD_OUTPUT), None)
