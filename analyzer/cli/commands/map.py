"""``relcheck map MODEL``: what one upset does, tensor by tensor and bit by bit."""

from typing import Any

import typer

from analyzer.cli import options
from analyzer.cli.app import app


@app.command("map")
@options.takes(
    margin=options.Margin,
    confidence=options.MapConfidence,
    exhaustive=options.Exhaustive,
    **options.FAULTS,
    **options.DATA,
    **options.WORK,
    device=options.Device,
    journal=options.Journal,
    shard=options.Shard,
    json=options.JsonFile,
    html=options.HtmlFile,
    csv=options.CsvFile,
    config=options.Config,
)
def vulnerability_map(model: options.Model = None, **flags: Any) -> None:
    """Map where one flipped bit does harm: per tensor, kind and bit position.

    Each figure is the probability of silent corruption (SDC) or of a detected
    error (DUE), given one upset in that part: a flip, a burst that begins
    there, or a stuck cell (--fault). The map says which tensors to protect
    first. Each tensor gets trials until its intervals are narrow.

    Example: relcheck map model.onnx --data test.npz --html map.html
    """
    from analyzer.cli.embedded import embedded_model
    from analyzer.jobs.map import make_map
    from analyzer.jobs.settings import read_map_settings

    settings = read_map_settings(flags.pop("config"), flags)
    raise typer.Exit(make_map(model or embedded_model(), settings))
