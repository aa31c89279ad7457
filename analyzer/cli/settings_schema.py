"""The JSON Schema of files of settings, for editors."""

import json
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

from analyzer.cli.settings_file import COMMANDS, settings_names
from analyzer.reports.formats import formats_of

TEXT, NUMBER, WHOLE, SWITCH = ({"type": t} for t in ("string", "number", "integer", "boolean"))
TEXTS = {"type": "array", "items": TEXT}
NUMBERS = {"type": "array", "items": NUMBER}

EITHER: dict[str, tuple[dict[str, Any], ...]] = {
    **dict.fromkeys(("precision", "confidence", "margin", "budget", "scale"), (NUMBER, TEXT)),
    **dict.fromkeys(("mean", "std"), (NUMBER, TEXT, NUMBERS)),
    **dict.fromkeys(("resize", "crop", "cache"), (WHOLE, TEXT)),
    "rates": (TEXT, NUMBER, {**NUMBERS, "minItems": 1}),
    "kinds": (TEXT, TEXTS),
}
"""Settings that TOML can say in several ways; all others are what their flag is."""


def settings_schema() -> str:
    """The schema of ``relcheck.toml`` and of ``[tool.relcheck]``, as JSON."""
    sections = {command: _section(command) for command in COMMANDS}
    common: dict[str, Any] = {}
    for section in sections.values():
        for name, value in section["properties"].items():
            common.setdefault(name, value)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of relcheck",
        "description": "Options of relcheck run, map and compare, without dashes. Paths start from "
        "the file. What stands in the table of a command holds for that command alone.",
        "type": "object",
        "properties": {**common, **sections},
        "additionalProperties": False,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _section(command: str) -> dict[str, Any]:
    flags, kind = COMMANDS[command]
    properties: dict[str, Any] = {}
    for name in sorted(settings_names(command)):
        annotation = flags.get(name)
        form = formats_of([kind]).get(name)
        text = get_args(annotation)[1].help if annotation is not None else form and form.help
        properties[name] = {"description": text, **_kind(name, annotation)}
    return {
        "description": f"Settings of relcheck {command} alone.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _kind(name: str, annotation: Any) -> dict[str, Any]:
    """The types that a setting may have in TOML."""
    if name in EITHER:
        return {"anyOf": list(EITHER[name])}
    given = get_args(annotation)[0] if annotation is not None else Path
    kinds = [kind for kind in get_args(given) or (given,) if kind is not NoneType]
    if get_origin(kinds[0]) is list:
        return {"anyOf": [TEXT, TEXTS]}
    return {str: TEXT, Path: TEXT, int: WHOLE, float: NUMBER, bool: SWITCH}[kinds[0]]
