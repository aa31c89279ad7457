"""The application that commands register with."""

import os
import re
from collections.abc import Callable, Collection
from functools import wraps
from inspect import Parameter, Signature, getdoc, signature
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from analyzer import __version__
from analyzer.cli.output import emit, tell, to_standard_output
from analyzer.cli.printed_head import HEAD
from analyzer.cli.verbosity import VERBOSITY
from analyzer.errors.interruption import StoppedAtOnce

PROGRAM = "relcheck"
DEFAULT_COMMAND = "run"
OWN_OPTIONS = frozenset({"--help", "-h", "--version", "--install-completion", "--show-completion"})

SECTIONS = {
    "Measure": ("run", "compare", "map"),
    "Look, and check": ("inspect", "target", "check", "selftest"),
    "Make or change a model": (
        *("harden", "protect", "quantize", "train", "export", "annotate", "data"),
    ),
    "What is there already": ("report", "diff", "replay", "resume", "merge", "journals"),
    "Help": ("help",),
}
"""The commands as help lists them: what a newcomer needs stands first."""

_Function = TypeVar("_Function", bound=Callable[..., Any])

_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only verdicts and errors.")]
_Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say why, too: stages, times, routes.")
]


class Command(TyperCommand):
    """A command whose help shows no type of arguments, nor of options without a value."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Options and arguments in the line of usage; versions of typer put some in braces.

        Args:
            ctx: of typer.
        """
        pieces: list[str] = super().collect_usage_pieces(ctx)
        return [re.sub(r"[.]{3,}", "...", re.sub("[{}]", "", piece)) for piece in pieces]

    def get_params(self, ctx: Any) -> list[Any]:
        """Arguments and options, ``--help`` included.

        Args:
            ctx: of typer.
        """
        return _without_types(super().get_params(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help.

        Args:
            ctx: of typer.
            formatter: of typer.
        """
        with to_standard_output():
            super().format_help(ctx, formatter)


class Group(TyperGroup):
    """Commands below a command, whose help shows no type for options without a value."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Options of the group itself.

        Args:
            ctx: of typer.
        """
        return _without_types(super().get_params(ctx))


class DefaultToRun(Group):
    """`relcheck MODEL ...` is `relcheck run MODEL ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the default command where none is named.

        Args:
            ctx: of typer.
            args: the words of the command line.
        """
        if args and args[0] not in self.commands and args[0] not in OWN_OPTIONS:
            if not ctx.resilient_parsing:  # a shell asks how a line may go on
                check_command(args[0], self.commands)
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of commands in the order of `SECTIONS`, the others last.

        Args:
            ctx: of typer.
        """
        known = [name for names in SECTIONS.values() for name in names]
        order = {name: place for place, name in enumerate(known)}
        return sorted(super().list_commands(ctx), key=lambda name: order.get(name, len(order)))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help.

        Args:
            ctx: of typer.
            formatter: of typer.
        """
        with to_standard_output():
            super().format_help(ctx, formatter)


def _without_types(params: list[Any]) -> list[Any]:
    for param in params:
        if getattr(param, "is_bool_flag", False):
            param.metavar = ""
        if param.param_type_name == "argument":  # named for readers; its Python type is noise
            param.display_type_rich = lambda **_: None
    return params


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


def help_words(ctx: Any, command: str | None) -> list[str]:
    """The command line that shows the help of a command.

    Args:
        ctx: of typer, of a command.
        command: its name; None: that of the program.

    Raises:
        BadCommandLine: there is no such command.
    """
    known: list[str] = ctx.parent.command.list_commands(ctx.parent)
    if command is None:
        return ["--help"]
    if command not in known:
        from analyzer.did_you_mean import meant
        from analyzer.errors import BadCommandLine, quoted

        guess = meant(command, known)
        raise BadCommandLine(
            f"there is no command {quoted(command)}{guess}; {PROGRAM} help lists all"
        )
    return [command, "--help"]


class Application(typer.Typer):
    """An application all of whose commands take ``--quiet`` and ``--verbose``."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[_Function], _Function]:
        """Register a command.

        Args:
            name: of the command; None: that of the function.
            settings: of typer.
        """

        def register(function: _Function) -> _Function:
            called = name or function.__name__
            panel = next((title for title, names in SECTIONS.items() if called in names), None)
            settings.setdefault("rich_help_panel", panel)
            settings.setdefault("help", flowing(getdoc(function) or ""))
            super(Application, self).command(name, cls=Command, **settings)(_verbose(function))
            return function

        return register


def flowing(text: str) -> str:
    r"""A docstring each of whose paragraphs is one line, which a terminal breaks by its width.

    >>> flowing("Sum.\n\nA long\nexplanation.")
    'Sum.\n\nA long explanation.'
    """
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _verbose(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a command with two options more, which it does not hear of."""

    @wraps(function)
    def call(*args: Any, quiet: bool, verbose: bool, **options: Any) -> Any:
        VERBOSITY.choose(quiet, verbose)
        HEAD.forget()
        try:
            return function(*args, **options)
        except StoppedAtOnce:
            tell("stopped at once, without a report; finished work is kept where a journal is")
            raise

    more = {"quiet": _Quiet, "verbose": _Verbose}
    new = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in more.items()
    ]
    own = signature(function).parameters.values()
    call.__signature__ = Signature([*own, *new])  # type: ignore[attr-defined]
    call.__annotations__ = {**function.__annotations__, **more}
    return call


app = Application(
    name=PROGRAM,
    cls=DefaultToRun,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 80},
    help="How reliable is an ONNX model on hardware whose memory flips bits?\n\n"
    "Flips bits of the stored weights at given bit error rates, runs ONNX Runtime, and says with "
    "confidence intervals how accuracy, silent corruption (SDC) and detected errors (DUE) "
    "behave.\n\n"
    "[bold]relcheck MODEL.onnx[/bold] is short for [bold]relcheck run MODEL.onnx[/bold]; see "
    "[bold]relcheck help run[/bold] for its options.",
    epilog="Exit codes: 0 gate passed or no gate, 1 gate or self-test failed, 2 usage or input "
    "error, 3 undecided or incomplete, 4 internal error.",
)


def _show_version(asked: bool) -> None:
    if asked:
        emit(f"{PROGRAM} {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show version.")
    ] = False,
) -> None:
    pass
