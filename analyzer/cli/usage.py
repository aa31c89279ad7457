"""Refusals of a command line, in the form of all other refusals."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import typer

from analyzer.cli.app import DEFAULT_COMMAND, OWN_OPTIONS, PROGRAM, DefaultToRun, app
from analyzer.errors import BadCommandLine, BadOption, RelcheckError, quoted, short

Refusal: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""Root of what typer raises about a command line; its module differs from version to version."""

FIRST_OPTIONS = tuple(sorted(option for option in OWN_OPTIONS if option.startswith("--")))


def as_relcheck_error(error: Any, words: Sequence[str]) -> RelcheckError:
    """A `Refusal` as an error of ours.

    Args:
        error: what typer raised.
        words: of the command line, without the program.
    """
    command = _command_of(words)
    see = f"; {PROGRAM} {command.name} --help lists what there is"
    match type(error).__name__:
        case "NoSuchOption":
            asked = quoted(error.option_name).strip("'")
            what = f"{PROGRAM} {command.name} has no option {asked}"
            return BadCommandLine(f"{what}{_guess(asked, command, words)}{see}")
        case "MissingParameter":
            return BadCommandLine(f"{PROGRAM} {command.name} needs {_name(error.param)}{see}")
        case "BadOptionUsage":
            how = "needs a value" if "requires" in error.message else "takes no value"
            return BadCommandLine(f"{error.option_name} {how}{see}")
        case "BadParameter" if error.param is not None:
            given = _given(error.param, words)
            return BadOption(f"{_name(error.param)}{given}: {_reason(error.message)}")
    if extra := re.search(r"unexpected extra arguments?.*\((.*)\)", error.message):
        return BadCommandLine(
            f"{quoted(extra[1])} is more than {PROGRAM} {command.name} takes{see}"
        )
    return BadCommandLine(f"{_reason(error.format_message())}{see}")


def _commands() -> Mapping[str, Any]:
    return cast(DefaultToRun, typer.main.get_command(app)).commands


def _command_of(words: Sequence[str]) -> Any:
    """The command that a command line names, or the default command."""
    return _commands().get(words[0], _commands()[DEFAULT_COMMAND])


def _guess(asked: str, command: Any, words: Sequence[str]) -> str:
    """Half a sentence: a command that has the option, or an option of a similar name."""
    from analyzer.did_you_mean import meant

    has = [name for name, other in _commands().items() if asked in _options(other)]
    if has:
        return f" ({PROGRAM} {DEFAULT_COMMAND if DEFAULT_COMMAND in has else has[0]} has)"
    first = FIRST_OPTIONS if asked == words[0] else ()  # no command is named; none may be meant
    return meant(asked, [*_options(command), *first])


def _options(command: Any) -> list[str]:
    return [name for param in command.params for name in param.opts]


def _name(param: Any) -> str:
    """Longest name of an option; of an argument, the name in the help."""
    options = [name for name in param.opts if name.startswith("-")]
    return max(options, key=len) if options else str(param.metavar or param.name)


def _reason(message: str) -> str:
    """A sentence of typer, as a part of ours; typer may quote the value that was given."""
    text = "".join(c if c.isprintable() else "?" for c in short(message)).rstrip(".")
    text = text.partition(", unable to parse")[0]
    return text[:1].lower() + text[1:]


def _given(param: Any, words: Sequence[str]) -> str:
    """Quoted value of an option on the command line; empty if the value is from elsewhere."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name in param.opts:
            return f" {quoted(value if equals else following)}"
    return ""


def some(models: list[Path] | None) -> list[Path]:
    """The models of a comparison, of which there must be some.

    Args:
        models: as the command line names them; None: it names none.

    Raises:
        BadCommandLine: there are none.
    """
    if not models:
        raise BadCommandLine(
            f"{PROGRAM} compare needs MODEL MODEL..; {PROGRAM} compare --help lists what there is"
        )
    return models
