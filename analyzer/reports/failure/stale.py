"""Reports of relcheck recognized by their first characters, before one of a failure replaces them.

Whatever else lies under the name that was given for a report is left alone: it may be a model.
"""

from analyzer.reports.pipeline import annotations, markdown, sarif

_PAGE = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" '
    'content="width=device-width, initial-scale=1">\n<title>relcheck: '
)

OPENINGS: dict[str, tuple[str, ...]] = {
    "json": ('{\n  "format_version": ', '{\n "format": '),
    "html": (_PAGE,),
    "csv": (
        "rate,expected_flips,",
        "tensor,kind,",
        "model,path,",
        "figure,rate,",
        "error,message,",
    ),
    "markdown": (markdown.OPENING,),
    "junit": ('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="relcheck"',),
    "sarif": (sarif.OPENING,),
    "github": (annotations.OPENING,),
    "gitlab": ("[]\n", '[\n {\n  "description": '),
}
"""Name of a form -> how its reports begin."""

LONGEST = max(len(text) for texts in OPENINGS.values() for text in texts)
"""Characters that tell."""


def is_report(name: str, beginning: str) -> bool:
    """True for the beginning of a report of relcheck, and for an empty file.

    Args:
        name: of a form.
        beginning: of the file, `LONGEST` characters or more if there are so many.
    """
    return not beginning or beginning.startswith(OPENINGS.get(name, ()))
