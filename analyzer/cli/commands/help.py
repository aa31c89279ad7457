"""``relcheck help [COMMAND]``: the help of the program, or of a command."""

from typing import Annotated

import typer

from analyzer.cli.app import PROGRAM, app
from analyzer.cli.exits import Exit


@app.command("help")
def show_help(
    ctx: typer.Context,
    command: Annotated[
        str | None,
        typer.Argument(metavar="COMMAND", help="The command; without one, all are listed."),
    ] = None,
) -> Exit:
    """Show the help of a command, as relcheck COMMAND --help does."""
    parent = ctx.parent
    assert parent is not None, "relcheck itself is not a command of anything"
    known: list[str] = parent.command.list_commands(parent)  # type: ignore[attr-defined]
    if command is not None and command not in known:
        from analyzer.did_you_mean import meant
        from analyzer.errors import BadCommandLine, quoted

        raise BadCommandLine(
            f"there is no command {quoted(command)}{meant(command, known)}; relcheck help lists all"
        )
    words = ["--help"] if command is None else [command, "--help"]
    app(words, prog_name=PROGRAM, standalone_mode=False)
    return Exit.OK
