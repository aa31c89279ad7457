"""``relcheck help [COMMAND]``: the help of the program, or of a command."""

from typing import Annotated

import typer

from analyzer.cli.app import PROGRAM, app, help_words
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
    app(help_words(ctx, command), prog_name=PROGRAM, standalone_mode=False)
    return Exit.OK
