"""``relcheck compare A B ...``: several models under the same faults, and how they differ."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options
from analyzer.cli.app import app


@app.command()
@options.takes(
    rates=options.Rates,
    exposure=options.Exposure,
    **options.FAULTS,
    **options.DATA,
    precision=options.Precision,
    confidence=options.Confidence,
    **options.WORK,
    journal=options.JournalFolder,
    device=options.Device,
    json=options.JsonFile,
    html=options.HtmlFile,
    config=options.Config,
)
def compare(
    models: Annotated[
        list[Path],
        typer.Argument(help="ONNX models; the first is the reference.", metavar="MODEL MODEL.."),
    ],
    **flags: Any,
) -> None:
    """Compare models on the same images under the same faults.

    Where bits of a model correspond to bits of the first one (tensors of equal
    name, shape and type), both meet the same upsets, trial by trial, so that
    the difference is known better than either figure.

    Example: relcheck compare model.onnx hardened.onnx --data test.npz
    """
    from analyzer.jobs.compare import compare_models
    from analyzer.jobs.settings import read_settings

    settings = read_settings(flags.pop("config"), flags, "compare")
    raise typer.Exit(compare_models(models, settings))
