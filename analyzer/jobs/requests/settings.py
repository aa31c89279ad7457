"""A request from flags, or keywords of a Python call, over a configuration file over defaults."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from analyzer.did_you_mean import meant
from analyzer.errors import BadConfig, BadOption, quoted
from analyzer.jobs.requests.base import Request
from analyzer.jobs.requests.fields import NOWHERE
from analyzer.jobs.requests.outputs import with_outputs
from analyzer.reports.formats import Format
from analyzer.targets.read import shipped_targets

Flags = Mapping[str, Any]

_NO_PATHS = {"journal": (NOWHERE.value,), "data": (), "target": tuple(shipped_targets())}
"""Words that stand in place of a path, by setting; in place of a report's path: ``-``."""

AnyRequest = TypeVar("AnyRequest", bound=Request)


def ask(
    form: type[AnyRequest],
    flags: Flags,
    config: Path | None = None,
    job: str = "run",
    **sources: object,
) -> AnyRequest:
    """Merge a configuration file and the flags that were given into one request.

    Args:
        form: the kind of request.
        flags: value by name, as text or as what the field holds. All flags of a command are here,
            with None where they were not given: their names are the keys that the file may have.
        config: path of the file; None: there is none.
        job: name of the command, for messages.
        sources: fields that no file may set, e.g. ``model`` and ``command``.

    Raises:
        BadConfig: the file cannot be read, or holds unknown keys or bad values.
        BadOption: a flag has a bad value.
        BadRates, BadGate: rates or a gate cannot be read.
    """
    forms = form.formats()
    given = {k: v for k, v in flags.items() if v is not None and _is_given(v)}
    given = with_outputs(given, forms)
    base = _read_config(config, form.paths()) if config else {}
    known = flags.keys() | forms.keys()
    if unknown := [key for key in base if key not in known]:
        raise BadConfig(
            f"{config}: {quoted(unknown[0])} is no setting of relcheck {job}"
            f"{meant(unknown[0], known)}; keys are its flags without dashes"
        )
    if config:
        base = _of_config(config, base, forms)
    if base:
        try:
            form.model_validate({**base, **sources})
        except ValidationError as error:
            raise BadConfig(f"{config}: {_sentence(error)}") from error
    try:
        return form.model_validate({**base, **given, **sources})
    except ValidationError as error:
        raise BadOption(f"--{_sentence(error)}") from error


def _of_config(
    config: Path, base: Mapping[str, Any], forms: Mapping[str, Format]
) -> dict[str, Any]:
    """Settings of a configuration file, with every report under the name of its form."""
    try:
        return with_outputs(base, forms, config.parent)
    except BadOption as error:
        raise BadConfig(f"{config}: {str(error).removeprefix('--')}") from error


def _is_given(value: object) -> bool:
    """Typer gives an empty list for a repeatable flag that was not given."""
    return not (isinstance(value, list) and not value)


def _read_config(path: Path, paths: frozenset[str]) -> dict[str, Any]:
    """The content of a configuration file; those of its settings that are paths start from it."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BadConfig(f"there is no configuration file {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"configuration file {path} cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"configuration file {path} is no TOML: {error}") from error
    for key in paths & content.keys():
        if isinstance(content[key], str) and content[key] not in _NO_PATHS.get(key, ("-",)):
            content[key] = str(path.parent / content[key])
    return content


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong: the key as the user wrote it, the value, the reason."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if part != "outputs"] or [""]
    reason = first["msg"].removeprefix("Value error, ")
    return f"{place[0]} {first['input']!r}: {reason[0].lower()}{reason[1:]}"
