"""The forms of options that commands share: a value, a switch, and how a command takes them."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import typer

FAULTS = "What happens"
"""Heading under which help lists the faults, and the memory that they meet."""

EFFORT = "Effort"
"""Heading under which help lists what limits or moves the work."""

_Command = TypeVar("_Command", bound=Callable[..., object])


def takes(**options: Any) -> Callable[[_Command], _Command]:
    """Have typer offer ``options`` for what a command receives as ``**flags``.

    Args:
        options: the annotation of each, by name, in the order in which help lists them; each is
            None where it is not given.
    """

    def offered(command: _Command) -> _Command:
        own = list(inspect.signature(command).parameters.values())[:-1]
        keyword = inspect.Parameter.KEYWORD_ONLY
        new = inspect.Parameter
        shared = [new(n, keyword, default=None, annotation=a) for n, a in options.items()]
        command.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
        del command.__annotations__["flags"]
        command.__annotations__.update(options)
        return command

    return offered


def option(panel: str | None, metavar: str, text: str, name: str | None = None, **more: Any) -> Any:
    """An option with a value, whose default its text tells.

    Args:
        panel: heading under which help lists it; None: among those without one.
        metavar: its value in a word.
        text: its help.
        name: with its dashes; None: that of the parameter.
        more: of typer.
    """
    shown: dict[str, Any] = {"metavar": metavar, "rich_help_panel": panel, "show_default": False}
    if name is not None:
        return typer.Option(name, help=text, **shown, **more)
    return typer.Option(help=text, **shown, **more)


def switch(name: str, text: str, panel: str = EFFORT) -> Any:
    """An option without a value.

    Args:
        name: with its dashes.
        text: its help.
        panel: heading under which help lists it.
    """
    return typer.Option(name, help=text, rich_help_panel=panel)
