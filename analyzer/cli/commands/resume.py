"""``relcheck resume`` and ``relcheck merge``: what was interrupted, or run in shards."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options, report_options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.reports.formats import RecordKind

_WORK = {
    "jobs": Annotated[
        int | None, typer.Option(metavar="N", envvar="RELCHECK_JOBS", help="Worker processes.")
    ],
    "cluster": Annotated[
        str | None, typer.Option(metavar="URL", help="A Dask cluster; none: go on without one.")
    ],
    "budget": Annotated[str | None, typer.Option(metavar="TIME", help="CPU time for this time.")],
}


@app.command()
@options.takes(
    **_WORK,
    **report_options.resumed_outputs((RecordKind.RUN, RecordKind.MAP, RecordKind.TARGET)),
    format=report_options.plain(report_options.formats(RecordKind.RUN)),
)
def resume(
    journal: Annotated[
        Path,
        typer.Argument(
            help="The journal of a run, with or without --target, or of a map.", metavar="JOURNAL"
        ),
    ],
    **flags: Any,
) -> Exit:
    """Continue a run or a map from its journal; a finished one is only reported again."""
    from analyzer.cli.present import show_campaign
    from analyzer.cli.terminal import terminal
    from analyzer.cli.words import command_line
    from analyzer.jobs import resume as job

    return show_campaign(job.resume(journal, flags, command_line(), terminal()))


@app.command()
def merge(
    journals: Annotated[list[Path], typer.Argument(help="Journals of shards.", metavar="JOURNAL")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Joined journal.")],
) -> Exit:
    """Join journals of one run or map whose shards were run apart."""
    from analyzer.cli.present import show
    from analyzer.jobs import resume as job

    return show(job.merge(journals, output))
