"""``relcheck compare A B ...``: several models under the same faults, and how they differ."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit


@app.command()
@options.takes(**options.COMPARE, log_odds=options.LogOdds)
def compare(
    models: Annotated[
        list[Path] | None,
        typer.Argument(
            help="ONNX models; the first is the reference. Or one, and --protect.",
            metavar="MODEL MODEL..",
            show_default=False,
        ),
    ] = None,
    **flags: Any,
) -> Exit:
    """Compare models on the same images under the same faults.

    Where bits of a model correspond to bits of the first one (tensors of equal
    name, shape and type), both meet the same upsets, trial by trial, so that
    the difference is known better than either figure.

    With --log-odds: fault-free log-odds of the models of a list, method by
    method over several data sets, with and without bounds on activations.

    Example: relcheck compare model.onnx hardened.onnx --data test.npz
    """
    from analyzer.cli.present import show_campaign
    from analyzer.cli.settings_file import settings_of
    from analyzer.cli.terminal import terminal
    from analyzer.cli.usage import some
    from analyzer.cli.words import command_line
    from analyzer.jobs.compare import compare_models
    from analyzer.jobs.requests.comparison import ComparisonRequest
    from analyzer.jobs.requests.settings import ask

    if listed := flags.pop("log_odds"):
        return _log_odds(listed, models, flags)
    config = settings_of(flags.pop("config"), "compare")
    asked = {"models": some(models), "command": command_line()}
    request = ask(ComparisonRequest, flags, config, "compare", **asked)
    return show_campaign(compare_models(request, terminal()))


def _log_odds(listed: Path, models: list[Path] | None, flags: dict[str, Any]) -> Exit:
    """Log-odds of the models of a list, whose figures are those without faults."""
    from analyzer.cli.present import show_campaign
    from analyzer.cli.settings_file import named_settings
    from analyzer.cli.terminal import terminal
    from analyzer.cli.words import command_line
    from analyzer.jobs.log_odds import find_log_odds
    from analyzer.jobs.requests.log_odds import LogOddsRequest, check_effective
    from analyzer.jobs.requests.settings import ask

    config = named_settings(flags.pop("config"))
    if str(flags["jobs"]) == os.environ.get("RELCHECK_JOBS"):
        flags["jobs"] = None  # was said of all commands, and not of this one
    check_effective(models or [], flags)
    request = ask(LogOddsRequest, flags, config, "compare", listed=listed, command=command_line())
    return show_campaign(find_log_odds(request, terminal()))
