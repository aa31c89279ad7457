"""``relcheck run MODEL``: the sweep, the table, the reports, the gate."""

from typing import Any

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
    until=options.Until,
    **options.WORK,
    journal=options.Journal,
    shard=options.Shard,
    device=options.Device,
    gate=options.Gate,
    json=options.JsonFile,
    html=options.HtmlFile,
    config=options.Config,
)
def run(model: options.Model = None, **flags: Any) -> None:
    """Sweep bit error rates; print a table, judge gates, write reports.

    Example: relcheck run model.onnx --rates 1e-7..1e-4 --gate 'top1 >= 0.9 @ 1e-6'
    """
    from analyzer.cli.embedded import embedded_model
    from analyzer.jobs.settings import read_settings
    from analyzer.jobs.sweep import analyze

    settings = read_settings(flags.pop("config"), flags)
    raise typer.Exit(analyze(model or embedded_model(), settings))
