"""``relcheck resume`` and ``relcheck merge``: campaigns that were interrupted or run in shards."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli.app import app


@app.command()
def resume(
    journal: Annotated[Path, typer.Argument(help="The journal of a run.", metavar="JOURNAL")],
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
) -> None:
    """Continue a campaign from its journal; a finished one is only reported again."""
    from analyzer.cli.analysis import analyze
    from analyzer.cli.journals import read_request
    from analyzer.cli.settings import read_settings

    model, asked = read_request(journal)
    given = {"jobs": jobs, "cluster": cluster, "budget": budget, "json": json, "html": html}
    flags = {**asked, **{k: v for k, v in given.items() if v is not None}}
    raise typer.Exit(analyze(model, read_settings(None, flags)))


@app.command()
def merge(
    journals: Annotated[list[Path], typer.Argument(help="Journals of shards.", metavar="JOURNAL")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Joined journal.")],
) -> None:
    """Join journals of one campaign whose shards were run apart."""
    from analyzer.campaign.merge import merge_journals
    from analyzer.cli.output import say

    blocks = merge_journals(journals, output)
    say(f"{output} holds {blocks:,} blocks; relcheck resume {output} reports them\n")
