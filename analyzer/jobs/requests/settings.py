"""A request from flags, or keywords of a Python call, over a configuration file over defaults."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from analyzer.did_you_mean import meant
from analyzer.errors import BadConfig, BadOption, quoted
from analyzer.jobs.requests.base import Request
from analyzer.jobs.requests.config_file import ConfigFile
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
    config: ConfigFile | Path | None = None,
    job: str = "run",
    **sources: object,
) -> AnyRequest:
    """Merge a configuration file and the flags that were given into one request.

    Args:
        form: the kind of request.
        flags: value by name, as text or as what the field holds. All flags of a command are here,
            with None where they were not given: their names are the keys that the file may have.
        config: the file, or its path; None: there is none.
        job: name of the command, for messages.
        sources: fields that no file may set, e.g. ``model`` and ``command``.

    Raises:
        BadConfig: the file cannot be read, or holds unknown keys or bad values.
        BadOption: a flag has a bad value.
        BadRates, BadGate: rates or a gate cannot be read.
    """
    given = {k: v for k, v in flags.items() if is_given(v)}
    given = with_outputs(given, form.formats())
    file = ConfigFile(config) if isinstance(config, Path) else config
    base: dict[str, Any] = {}
    if file:
        base = _base(file, form, flags, job)
        try:
            form.model_validate({**base, **sources})
        except ValidationError as error:
            raise BadConfig(f"{file.path}: {_sentence(error)}") from error
        except BadOption as error:
            raise _in_file(file.path, error) from error
    try:
        return form.model_validate({**base, **given, **sources})
    except ValidationError as error:
        raise BadOption(f"--{_sentence(error, dash='-')}") from error


def _base(file: ConfigFile, form: type[Request], flags: Flags, job: str) -> dict[str, Any]:
    """The settings in a file, which the flags are put over."""
    forms = form.formats()
    found = _read_config(file, job, form.paths())
    known = flags.keys() | forms.keys()
    if unknown := [key for key in found if key not in known]:
        raise BadConfig(
            f"{file.path}: {quoted(unknown[0])} is no setting of relcheck {job}"
            f"{meant(unknown[0], known)}; keys are its flags without dashes"
        )
    return _of_config(file.path, found, forms)


def _of_config(
    config: Path, base: Mapping[str, Any], forms: Mapping[str, Format]
) -> dict[str, Any]:
    """Settings of a configuration file, with every report under the name of its form."""
    try:
        return with_outputs(base, forms, config.parent)
    except BadOption as error:
        raise _in_file(config, error) from error


def _in_file(config: Path, error: BadOption) -> BadConfig:
    return BadConfig(f"{config}: {str(error).removeprefix('--')}")


def is_given(value: object) -> bool:
    """True unless it is None, or the empty list that Typer has for a repeatable flag."""
    return value is not None and not (isinstance(value, list) and not value)


def _read_config(file: ConfigFile, job: str, paths: frozenset[str]) -> dict[str, Any]:
    """The settings in a file; those that are paths start from it."""
    content = file.read(job)
    for key in paths & content.keys():
        if isinstance(content[key], str) and content[key] not in _NO_PATHS.get(key, ("-",)):
            content[key] = str(file.path.parent / content[key])
    return content


def _sentence(error: ValidationError, dash: str = "_") -> str:
    """The first thing that is wrong: the key as the user wrote it, the value, the reason."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if part != "outputs"] or [""]
    reason = first["msg"].removeprefix("Value error, ")
    return f"{place[0].replace('_', dash)} {first['input']!r}: {reason[0].lower()}{reason[1:]}"
