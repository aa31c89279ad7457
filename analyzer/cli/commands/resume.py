"""``relcheck resume`` and ``relcheck merge``: what was interrupted, or run in shards."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli.app import app


@app.command()
def resume(
    journal: Annotated[
        Path, typer.Argument(help="The journal of a run or a map.", metavar="JOURNAL")
    ],
    jobs: Annotated[
        int | None, typer.Option(metavar="N", envvar="RELCHECK_JOBS", help="Worker processes.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="URL", help="A Dask cluster; none: go on without one.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="CPU time for this time.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the JSON report.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the HTML report.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Of a map: one CSV line per tensor.")
    ] = None,
) -> None:
    """Continue a run or a map from its journal; a finished one is only reported again."""
    given = {k: v for k, v in locals().items() if k != "journal"}
    from analyzer.errors import BadOption
    from analyzer.jobs.journals import Purpose, read_request
    from analyzer.jobs.settings import read_map_settings, read_settings

    request = read_request(journal)
    flags = {**request.settings, **{k: v for k, v in given.items() if v is not None}}
    if request.purpose is Purpose.MAP:
        from analyzer.jobs.map import make_map

        raise typer.Exit(make_map(request.model, read_map_settings(None, flags)))
    if csv is not None:
        raise BadOption(f"--csv is for maps, and {journal} belongs to a run; use --json")
    from analyzer.jobs.sweep import analyze

    raise typer.Exit(analyze(request.model, read_settings(None, flags)))


@app.command()
def merge(
    journals: Annotated[list[Path], typer.Argument(help="Journals of shards.", metavar="JOURNAL")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Joined journal.")],
) -> None:
    """Join journals of one run or map whose shards were run apart."""
    from analyzer.campaign.journal.merge import merge_journals
    from analyzer.cli.output import say

    blocks = merge_journals(journals, output)
    say(f"{output} holds {blocks:,} blocks; relcheck resume {output} reports them\n")
