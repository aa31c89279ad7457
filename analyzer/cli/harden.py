"""``relcheck harden MODEL --method M -o OUT``: bound the activations of a model."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli import options
from analyzer.cli.app import Exit, app


@app.command()
def harden(
    model: Annotated[Path, typer.Argument(help="The ONNX model.", metavar="MODEL")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The hardened model.", metavar="FILE")],
    method: Annotated[
        str,
        typer.Option(
            help="relu6 (clamp at 6), ranger (clamp at the largest value on --data), actmax (0 "
            "above that value), clipact (0 above bounds that are searched on --data, under "
            "faults, or taken from --thresholds).",
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
    images: options.Images = None,
    batch: options.Batch = None,
    layout: options.Layout = None,
    color: options.Color = None,
    resize: options.Resize = None,
    crop: options.Crop = None,
    scale: options.Scale = None,
    mean: options.Mean = None,
    std: options.Std = None,
    rates: options.Rates = None,
    iterations: options.Iterations = None,
    patterns: options.Patterns = None,
    seed: options.Seed = None,
    encoding: options.Encoding = None,
    metric: options.Metric = None,
    budget: options.SearchBudget = None,
    cache: options.Cache = None,
    state: options.SearchState = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the report as JSON.", metavar="FILE")
    ] = None,
) -> None:
    """Bound the activations of an ONNX model, so that faults cannot blow them up.

    Standard ONNX operators are inserted behind each activation; nothing else changes. Shows
    what is bounded, what is not and why; accuracy, latency and size before and after.

    clipact searches the bound of each activation layer by layer, and goes on where it was
    interrupted if the command is repeated.

    Example: relcheck harden model.onnx --method actmax --data train.npz -o safe.onnx
    """
    flags = {"data": data, "images": images, "batch": batch, "layout": layout, "color": color}
    flags |= {"resize": resize, "crop": crop, "scale": scale, "mean": mean, "std": std}
    searching = {"rates": rates, "seed": seed, "encoding": encoding, "metric": metric}
    searching |= {"budget": budget, "cache": cache}
    own = {"iterations": iterations, "patterns": patterns, "state": state}
    given = tuple(name for name, value in {**searching, **own}.items() if value is not None)
    from analyzer.cli.hardening import Files, harden_model
    from analyzer.cli.output import say
    from analyzer.cli.search import SearchOptions
    from analyzer.cli.settings import read_settings
    from analyzer.reports.hardening import hardening_text

    files = Files(model, out, thresholds, save_thresholds, json)
    wanted = SearchOptions(given, iterations, patterns, state)
    report = harden_model(files, method, read_settings(None, {**flags, **searching}), wanted)
    say(hardening_text(report))
    if report.search is not None and not report.search.finished:
        raise typer.Exit(Exit.UNDECIDED)
