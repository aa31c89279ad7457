"""``relcheck target list | show NAME | new FILE.toml``: deployment targets."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli.app import Application, Group, app
from analyzer.cli.exits import Exit

target = Application(
    name="target",
    cls=Group,
    no_args_is_help=True,
    help="Deployment targets: memories with their raw rates, for relcheck run --target.",
)
app.add_typer(target, rich_help_panel="Look, and check")


@target.command("list")
def list_targets() -> Exit:
    """List the targets that come with the tool, with rates and their sources."""
    from analyzer.cli.present import show
    from analyzer.jobs.target.library import list_targets

    return show(list_targets())


@target.command("show")
def show_target(
    name: Annotated[
        str, typer.Argument(help="A name of relcheck target list, or a file.", metavar="TARGET")
    ],
) -> Exit:
    """Show a target: its memories, its figures with their sources, and what follows from them."""
    from analyzer.cli.present import show
    from analyzer.jobs.target.library import show_target

    return show(show_target(name))


@target.command("new")
def new_target(
    path: Annotated[
        Path, typer.Argument(help="The file to write; it must not exist.", metavar="FILE.toml")
    ],
    base: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TARGET", help="Begin with this target.", show_default=False
        ),
    ] = None,
) -> Exit:
    """Write a target to fill in, with a line about every field.

    No rate is filled in unless --from names a target that has one.
    """
    from analyzer.cli.present import show
    from analyzer.jobs.target.library import new_target

    return show(new_target(path, base))
