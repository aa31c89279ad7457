"""``relcheck compare A B ...``: several models under the same faults, and how they differ."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit


@app.command()
@options.takes(**options.COMPARE)
def compare(
    models: Annotated[
        list[Path],
        typer.Argument(
            help="ONNX models; the first is the reference. Or one, and --protect.",
            metavar="MODEL MODEL..",
        ),
    ],
    **flags: Any,
) -> Exit:
    """Compare models on the same images under the same faults.

    Where bits of a model correspond to bits of the first one (tensors of equal
    name, shape and type), both meet the same upsets, trial by trial, so that
    the difference is known better than either figure.

    Example: relcheck compare model.onnx hardened.onnx --data test.npz
    """
    from analyzer.cli.present import show_campaign
    from analyzer.cli.settings_file import settings_of
    from analyzer.cli.terminal import terminal
    from analyzer.cli.words import command_line
    from analyzer.jobs.compare import compare_models
    from analyzer.jobs.requests.campaigns import ComparisonRequest
    from analyzer.jobs.requests.settings import ask

    config = settings_of(flags.pop("config"), "compare")
    asked = {"models": models, "command": command_line()}
    request = ask(ComparisonRequest, flags, config, "compare", **asked)
    return show_campaign(compare_models(request, terminal()))
