"""``relcheck run MODEL``: the sweep, the table, the reports, the gate."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli import options
from analyzer.cli.app import app


@app.command()
def run(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="The ONNX model; without one, the demonstration model.", metavar="MODEL"
        ),
    ] = None,
    rates: options.Rates = None,
    exposure: options.Exposure = None,
    encoding: options.Encoding = None,
    fault: options.Fault = None,
    include: options.Include = None,
    exclude: options.Exclude = None,
    kinds: options.Kinds = None,
    data: options.Data = None,
    images: options.Images = None,
    metric: options.Metric = None,
    layout: options.Layout = None,
    color: options.Color = None,
    resize: options.Resize = None,
    crop: options.Crop = None,
    scale: options.Scale = None,
    mean: options.Mean = None,
    std: options.Std = None,
    precision: options.Precision = None,
    confidence: options.Confidence = None,
    until: options.Until = None,
    budget: options.Budget = None,
    batch: options.Batch = None,
    seed: options.Seed = None,
    jobs: options.Jobs = None,
    cache: options.Cache = None,
    cluster: options.Cluster = None,
    journal: options.Journal = None,
    shard: options.Shard = None,
    device: options.Device = None,
    gate: options.Gate = None,
    json: options.JsonFile = None,
    html: options.HtmlFile = None,
    config: options.Config = None,
) -> None:
    """Sweep bit error rates; print a table, judge gates, write reports.

    Example: relcheck run model.onnx --rates 1e-7..1e-4 --gate 'top1 >= 0.9 @ 1e-6'
    """
    flags = {k: v for k, v in locals().items() if k not in {"model", "config"}}
    from analyzer.cli.analysis import analyze
    from analyzer.cli.embedded import embedded_model
    from analyzer.cli.settings import read_settings

    settings = read_settings(config, flags)
    raise typer.Exit(analyze(model or embedded_model(), settings))
