"""``relcheck compare A B ...``: several models under the same faults, and how they differ."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli import options
from analyzer.cli.app import app


@app.command()
def compare(
    models: Annotated[
        list[Path],
        typer.Argument(help="ONNX models; the first is the reference.", metavar="MODEL MODEL.."),
    ],
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
    budget: options.Budget = None,
    batch: options.Batch = None,
    seed: options.Seed = None,
    jobs: options.Jobs = None,
    cache: options.Cache = None,
    cluster: options.Cluster = None,
    journal: options.JournalFolder = None,
    device: options.Device = None,
    json: options.JsonFile = None,
    html: options.HtmlFile = None,
    config: options.Config = None,
) -> None:
    """Compare models on the same images under the same faults.

    Where bits of a model correspond to bits of the first one (tensors of equal
    name, shape and type), both meet the same upsets, trial by trial, so that
    the difference is known better than either figure.

    Example: relcheck compare model.onnx hardened.onnx --data test.npz
    """
    flags = {k: v for k, v in locals().items() if k not in {"models", "config"}}
    from analyzer.cli.comparison import compare_models
    from analyzer.cli.settings import read_settings

    raise typer.Exit(compare_models(models, read_settings(config, flags, "compare")))
