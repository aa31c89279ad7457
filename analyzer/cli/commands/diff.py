"""``relcheck diff OLD.json NEW.json``: what a new report shows beside an old one."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit


@app.command()
@options.takes(**options.DIFF)
def diff(
    old: Annotated[Path, typer.Argument(help="JSON report of the baseline.", metavar="OLD")],
    new: Annotated[Path, typer.Argument(help="JSON report that is judged.", metavar="NEW")],
    **flags: Any,
) -> Exit:
    """Say from two reports whether the new model is significantly worse; run nothing.

    The reports are of two runs, or of two maps, under the same conditions. The
    exit code is 1 if a figure is provably worse. With gates it is theirs.

    Example: relcheck diff main.json pr.json --gate 'top1 >= A - 0.01 @ 1e-6'
    """
    from analyzer.cli.present import show_campaign
    from analyzer.cli.settings_file import named_settings
    from analyzer.cli.terminal import terminal
    from analyzer.cli.words import command_line
    from analyzer.jobs.diff import diff_reports
    from analyzer.jobs.requests.diff import DiffRequest
    from analyzer.jobs.requests.settings import ask

    asked = {"old": old, "new": new, "command": command_line()}
    request = ask(DiffRequest, flags, named_settings(flags.pop("config")), "diff", **asked)
    return show_campaign(diff_reports(request, terminal()))
