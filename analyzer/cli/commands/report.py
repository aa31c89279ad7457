"""``relcheck report FILE.json``: a report in other forms, without running anything."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options, report_options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.reports.formats import RecordKind

_KINDS = (
    *(RecordKind.RUN, RecordKind.MAP, RecordKind.COMPARISON),
    *(RecordKind.DIFFERENCE, RecordKind.TARGET, RecordKind.PROTECTION, RecordKind.REPLAY),
)


@app.command()
@options.takes(
    **report_options.resumed_outputs(_KINDS),
    format=report_options.plain(report_options.formats(RecordKind.RUN)),
)
def report(
    path: Annotated[
        Path, typer.Argument(help="JSON report of run, map, compare or diff.", metavar="FILE")
    ],
    **flags: Any,
) -> Exit:
    """Show a report that was written as JSON, and write it in other forms; run nothing.

    The exit code is that of the job which wrote it.

    Example: relcheck report run.json --format report.sarif --format junit=gate.xml
    """
    from analyzer.cli.present import show_campaign
    from analyzer.jobs.render import render_report

    return show_campaign(render_report(path, flags))
