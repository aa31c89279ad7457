"""``relcheck quantize MODEL --data CALIB -o OUT``: the int8 twin of a float model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options, report_options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.reports.formats import RecordKind


@app.command()
@options.takes(
    **report_options.outputs(RecordKind.QUANTIZATION, None),
    labels=options.Labels,
    masks=options.Masks,
    part=options.Part,
    images=options.Images,
    batch=options.Batch,
    task=options.Task,
    output=options.Output,
    **options.PREPROCESSING,
)
def quantize(
    model: Annotated[Path, typer.Argument(help="The float32 ONNX model.", metavar="MODEL")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The quantized model.", metavar="FILE")],
    data: Annotated[
        Path,
        typer.Option(
            help=".npz or image folder for calibration, not the test split.", metavar="PATH"
        ),
    ],
    calibration: Annotated[
        str,
        typer.Option(
            help="How ranges follow from the data: histogram (least squared error), minmax, "
            "entropy or percentile.",
            metavar="WORD",
        ),
    ] = "histogram",
    per_channel: Annotated[
        bool,
        typer.Option("--per-channel/--per-tensor", help="Scales of weights, always symmetric."),
    ] = True,
    **flags: Any,
) -> Exit:
    """Quantize a float32 ONNX model to int8 (QDQ), by ONNX Runtime's quantizer.

    Bounds of a hardened model stay in force: they act on the integer codes.

    Example: relcheck quantize model.onnx --data train.npz -o int8.onnx
    """
    from analyzer.cli.present import show
    from analyzer.cli.terminal import terminal
    from analyzer.jobs.quantize import quantize_model
    from analyzer.jobs.requests.settings import ask
    from analyzer.jobs.requests.twins import QuantizeRequest

    flags |= {"data": data, "calibration": calibration, "per_channel": per_channel}
    request = ask(QuantizeRequest, flags, model=model, out=out)
    return show(quantize_model(request, terminal()))
