"""``relcheck journals``: the journals that runs left behind, and how to remove them."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli.app import app
from analyzer.cli.exits import Exit


@app.command()
def journals(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Where they are (default: the cache folder)."),
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Remove finished journals.")] = False,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="With --prune: unfinished ones as well.")
    ] = False,
    older: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what is older, like 12h or 30d.")
    ] = None,
) -> Exit:
    """List journals: size, age, model, finished or not; remove those not needed any more.

    A run that is repeated takes its trials from its journal, so that it is
    over at once. Without the journal it runs them again, with the same result.

    Example: relcheck journals --prune --older 30d
    """
    flags = {"folder": folder, "prune": prune, "unfinished": unfinished, "older": older}
    from analyzer.cli.present import show
    from analyzer.jobs.journal_list import JournalsRequest, list_journals
    from analyzer.jobs.requests.settings import ask

    return show(list_journals(ask(JournalsRequest, flags)))
