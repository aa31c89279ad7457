"""``relcheck harden MODEL --method M -o OUT``: bound the activations of a model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options, report_options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.jobs.offered import offered_mitigations
from analyzer.reports.formats import RecordKind

_FILES = {
    "data": Annotated[
        Path | None,
        typer.Option(
            help=".npz or image folder for calibration, not the test split.", metavar="PATH"
        ),
    ],
    "thresholds": Annotated[
        Path | None,
        typer.Option(help="Take the bounds from this file, not from data.", metavar="FILE"),
    ],
    "save_thresholds": Annotated[
        Path | None, typer.Option(help="Write the bounds, to be used again.", metavar="FILE")
    ],
    **report_options.outputs(RecordKind.HARDENING, None),
}


@app.command()
@options.takes(
    **_FILES,
    labels=options.Labels,
    masks=options.Masks,
    part=options.Part,
    images=options.Images,
    batch=options.Batch,
    task=options.Task,
    output=options.Output,
    **options.PREPROCESSING,
    **options.SEARCH,
)
def harden(
    model: Annotated[Path, typer.Argument(help="The ONNX model.", metavar="MODEL")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The hardened model.", metavar="FILE")],
    method: Annotated[
        str,
        typer.Option(
            help=offered_mitigations(),
            metavar="WORD",
        ),
    ],
    **flags: Any,
) -> Exit:
    """Bound the activations of an ONNX model, so that faults cannot blow them up.

    Standard ONNX operators are inserted behind each activation; nothing else changes. Shows
    what is bounded, what is not and why; accuracy, latency and size before and after.

    clipact searches the bound of each activation layer by layer, and goes on where it was
    interrupted if the command is repeated.

    Example: relcheck harden model.onnx --method actmax --data train.npz -o safe.onnx
    """
    from analyzer.cli.present import show
    from analyzer.cli.terminal import terminal
    from analyzer.jobs.harden import harden_model
    from analyzer.jobs.requests.settings import ask
    from analyzer.jobs.requests.twins import HardenRequest

    request = ask(HardenRequest, flags, model=model, out=out, method=method)
    return show(harden_model(request, terminal()))
