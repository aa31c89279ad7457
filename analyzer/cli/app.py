"""The application that commands register with."""

import os
from collections.abc import Collection
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from analyzer import __version__

PROGRAM = "relcheck"
DEFAULT_COMMAND = "run"
OWN_OPTIONS = frozenset({"--help", "--version", "--install-completion", "--show-completion"})


class DefaultToRun(TyperGroup):
    """`relcheck MODEL ...` is `relcheck run MODEL ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the default command where none is named.

        Args:
            ctx: of typer.
            args: the words of the command line.
        """
        if args and args[0] not in self.commands and args[0] not in OWN_OPTIONS:
            check_command(args[0], self.commands)
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)


def check_command(word: str, commands: Collection[str]) -> None:
    """Tell a mistyped command from a model that is not there.

    Args:
        word: first word of the command line.
        commands: names of all commands.

    Raises:
        BadCommandLine: no file has this name, and a command has nearly.
    """
    if word.startswith("-") or not word.isidentifier() or os.path.exists(word):
        return
    from analyzer.did_you_mean import nearest
    from analyzer.errors import BadCommandLine

    if command := nearest(word, commands):
        raise BadCommandLine(
            f"{word} is neither a command nor a file (did you mean {PROGRAM} {command}?)"
        )


app = typer.Typer(
    name=PROGRAM,
    cls=DefaultToRun,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help"], "max_content_width": 80},
    help="How reliable is an ONNX model on hardware whose memory flips bits?\n\n"
    "Flips bits of the stored weights at given bit error rates, runs ONNX Runtime, and says with "
    "confidence intervals how accuracy, silent corruption (SDC) and detected errors (DUE) "
    "behave.\n\n"
    "[bold]relcheck MODEL.onnx[/bold] is short for [bold]relcheck run MODEL.onnx[/bold]; see "
    "[bold]relcheck run --help[/bold] for its options.",
    epilog="Exit codes: 0 gate passed or no gate, 1 gate or self-test failed, 2 usage or input "
    "error, 3 undecided or incomplete, 4 internal error.",
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show version.")
    ] = False,
) -> None:
    pass
