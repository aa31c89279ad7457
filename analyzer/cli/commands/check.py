"""``relcheck check MODEL --data D``: which recipe is the one that the model was trained with."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options, report_options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.reports.formats import RecordKind


@app.command()
@options.takes(
    **options.DATA, seed=options.Seed, **report_options.outputs(RecordKind.RECIPES, None)
)
def check(
    model: Annotated[Path, typer.Argument(help="The ONNX model.", metavar="MODEL")],
    **flags: Any,
) -> Exit:
    """Try the usual ways to prepare images; show the fault-free accuracy of each.

    A wrong scale, mean or order of colors shows in nothing but the accuracy.
    The best recipe is named, with the command that uses it and the one that
    writes it into the file. Flags fix what is not to be varied.

    Example: relcheck check model.onnx --data images/ --expect top1=0.76
    """
    from analyzer.cli.present import show
    from analyzer.cli.terminal import terminal
    from analyzer.jobs.check import check_recipes
    from analyzer.jobs.requests.checks import RecipesRequest
    from analyzer.jobs.requests.settings import ask

    return show(check_recipes(ask(RecipesRequest, flags, model=model), terminal()))
