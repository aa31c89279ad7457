"""``relcheck export SOURCE -o OUT.onnx``: a torch network as an ONNX file."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli.app import app


@app.command()
def export(
    source: Annotated[
        str,
        typer.Argument(
            help="torchvision:NAME, path/to/module.py:factory or package.module:factory.",
            metavar="SOURCE",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT.onnx", help="File to write.")],
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Checkpoint; default: random weights.")
    ] = None,
    classes: Annotated[
        int | None, typer.Option(metavar="N", min=2, help="Classes of the last layer.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option("--input", metavar="SIZE", help="Of the input: 224, 360x480 or 1x28x28."),
    ] = None,
    resize: Annotated[
        int | None, typer.Option(metavar="PIXELS", help="Shorter side before the crop.")
    ] = None,
    crop: Annotated[
        int | None, typer.Option(metavar="PIXELS", help="Side of the central square.")
    ] = None,
    scale: Annotated[
        str | None, typer.Option(metavar="X", help="Factor on pixels, like 1/255.")
    ] = None,
    mean: Annotated[str | None, typer.Option(metavar="LIST", help="Of scaled pixels.")] = None,
    std: Annotated[str | None, typer.Option(metavar="LIST", help="Of scaled pixels.")] = None,
    color: Annotated[str | None, typer.Option(metavar="ORDER", help="RGB or BGR.")] = None,
) -> None:
    r"""Convert a torch network to ONNX; check that both answer alike.

    The batch size stays open, and how images are prepared is written into
    the file: for torchvision's networks as torchvision describes it. A module
    of your own is run, as importing it would.

    Needs torch: pip install 'relcheck-onnx\[export]'.
    """
    from analyzer.cli.output import check_targets, say, write_whole
    from analyzer.cli.process.heartbeat import HEARTBEAT
    from analyzer.errors import FileMissing
    from analyzer.model import input_signature
    from analyzer.reports.before_after.exported import ExportSummary, export_text
    from exporters.torch.export import SEED, Request, build
    from exporters.torch.source import parse_shape, parse_source
    from exporters.torch.torch_model import check_parity

    asked = {
        "resize": resize,
        "crop": crop,
        "scale": scale,
        "mean": mean,
        "std": std,
        "color": color,
    }
    given = {name: str(value) for name, value in asked.items() if value is not None}
    shape = parse_shape(size) if size else None
    request = Request(parse_source(source), weights, classes, shape, given)
    if weights and not weights.is_file():
        raise FileMissing(f"there is no checkpoint {weights}")
    check_targets([out], [weights] if weights else [])
    with HEARTBEAT.suspended():
        made = build(request)
    parity = check_parity(made.model, made.network, made.shape, SEED)
    content = made.model.SerializeToString(deterministic=True)
    write_whole(out, content)
    summary = ExportSummary(
        file=out.name,
        size=len(content),
        source=source,
        parameters=made.parameters,
        signature=input_signature(made.model.graph),
        weights=made.weights,
        inputs=parity.inputs,
        difference=parity.difference,
        largest=parity.largest,
        preprocessing=made.preprocessing,
        notes=made.notes,
    )
    say(export_text(summary))
