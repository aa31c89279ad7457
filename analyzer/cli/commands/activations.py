"""``relcheck activations MODEL ...``: activations without faults and at bit error rates."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options, report_options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.cli.option_forms import EFFORT, FAULTS, option
from analyzer.reports.formats import RecordKind

_OPTIONS = {
    "rates": Annotated[
        str | None,
        option(FAULTS, "RATES", "A..B; A..B/N; a,b (default 1e-7,1e-6,3e-5); none: no faults."),
    ],
    "exposure": options.Exposure,
    **options.FAULTS,
    "thresholds": Annotated[
        Path | None,
        option(FAULTS, "FILE", "Thresholds of relcheck harden, where the model has no bounds."),
    ],
    "data": options.Data,
    "labels": options.Labels,
    "images": options.Images,
    **options.PREPROCESSING,
    "precision": Annotated[
        str | None,
        option(EFFORT, "X", "Half-width of each share at which a rate is done (default 0.05)."),
    ],
    "confidence": options.Confidence,
    "budget": options.Budget,
    "batch": options.Batch,
    "seed": options.Seed,
    "precise_int8": options.PreciseInt8,
    **report_options.outputs(RecordKind.ACTIVATIONS),
    "format": report_options.formats(RecordKind.ACTIVATIONS),
}


@app.command()
@options.takes(**_OPTIONS)
def activations(
    models: Annotated[
        list[Path],
        typer.Argument(help="ONNX models, one or more.", metavar="MODEL.."),
    ],
    **flags: Any,
) -> Exit:
    """Measure the activations of models, without faults and at bit error rates.

    Shows mean, quartiles and extremes of each activation, and the share of its
    values beyond its threshold: that of the clipping node behind it, of a file
    of relcheck harden, or else the largest value without faults.

    Several models meet the same upsets where their bits correspond. --html
    draws the distributions layer by layer, and the shares over the rates.

    Example: relcheck activations model.onnx hardened.onnx --data test.npz
    """
    from analyzer.cli.present import show_campaign
    from analyzer.cli.terminal import terminal
    from analyzer.cli.words import command_line
    from analyzer.jobs.activations import measure_activations
    from analyzer.jobs.requests.activations import ActivationsRequest
    from analyzer.jobs.requests.settings import ask

    request = ask(ActivationsRequest, flags, models=models, command=command_line())
    return show_campaign(measure_activations(request, terminal()))
