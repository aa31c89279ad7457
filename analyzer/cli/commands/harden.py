"""``relcheck harden MODEL --method M -o OUT``: bound the activations of a model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options
from analyzer.cli.app import Exit, app
from exporters.hardening.mitigations import summaries

_SEARCHING = {
    "rates": options.Rates,
    "iterations": options.Iterations,
    "patterns": options.Patterns,
    "seed": options.Seed,
    "encoding": options.Encoding,
    "metric": options.Metric,
    "budget": options.SearchBudget,
    "cache": options.Cache,
    "state": options.SearchState,
}
"""Options of the method clipact alone."""


@app.command()
@options.takes(images=options.Images, batch=options.Batch, **options.PREPROCESSING, **_SEARCHING)
def harden(
    model: Annotated[Path, typer.Argument(help="The ONNX model.", metavar="MODEL")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The hardened model.", metavar="FILE")],
    method: Annotated[
        str,
        typer.Option(
            help=summaries(),
            metavar="WORD",
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            help=".npz or image folder for calibration, not the test split.", metavar="PATH"
        ),
    ] = None,
    thresholds: Annotated[
        Path | None,
        typer.Option(help="Take the bounds from this file, not from data.", metavar="FILE"),
    ] = None,
    save_thresholds: Annotated[
        Path | None, typer.Option(help="Write the bounds, to be used again.", metavar="FILE")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the report as JSON.", metavar="FILE")
    ] = None,
    **flags: Any,
) -> None:
    """Bound the activations of an ONNX model, so that faults cannot blow them up.

    Standard ONNX operators are inserted behind each activation; nothing else changes. Shows
    what is bounded, what is not and why; accuracy, latency and size before and after.

    clipact searches the bound of each activation layer by layer, and goes on where it was
    interrupted if the command is repeated.

    Example: relcheck harden model.onnx --method actmax --data train.npz -o safe.onnx
    """
    given = tuple(name for name in _SEARCHING if flags[name] is not None)
    own = {name: flags.pop(name) for name in ("iterations", "patterns", "state")}
    from analyzer.cli.output import say
    from analyzer.jobs.harden import Files, harden_model
    from analyzer.jobs.settings import read_settings
    from analyzer.jobs.threshold_search import SearchOptions
    from analyzer.reports.before_after.hardening import hardening_text

    files = Files(model, out, thresholds, save_thresholds, json)
    settings = read_settings(None, {**flags, "data": data})
    report = harden_model(files, method, settings, SearchOptions(given, **own))
    say(hardening_text(report))
    if report.search is not None and not report.search.finished:
        raise typer.Exit(Exit.UNDECIDED)
