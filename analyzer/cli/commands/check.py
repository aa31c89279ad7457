"""``relcheck check MODEL --data D``: which recipe is the one that the model was trained with."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options
from analyzer.cli.app import app


@app.command()
@options.takes(**options.DATA, seed=options.Seed, json=options.JsonFile)
def check(
    model: Annotated[Path, typer.Argument(help="The ONNX model.", metavar="MODEL")],
    **flags: Any,
) -> None:
    """Try the usual ways to prepare images; show the fault-free accuracy of each.

    A wrong scale, mean or order of colors shows in nothing but the accuracy.
    The best recipe is named, with the command that uses it and the one that
    writes it into the file. Flags fix what is not to be varied.

    Example: relcheck check model.onnx --data images/ --expect top1=0.76
    """
    from analyzer.cli.output import check_targets, say, write_whole
    from analyzer.cli.process.heartbeat import HEARTBEAT
    from analyzer.jobs.check import check_recipes
    from analyzer.jobs.settings import read_settings
    from analyzer.reports.recipes import recipes_text
    from analyzer.reports.shared.records import as_json

    settings = read_settings(None, flags, "check")
    inputs = [path for path in (model, settings.data, settings.labels) if path]
    check_targets([settings.json_path] if settings.json_path else [], inputs)
    report = check_recipes(model, settings, HEARTBEAT.renew)
    say(recipes_text(report))
    if settings.json_path:
        write_whole(settings.json_path, as_json(report))
