"""``relcheck export SOURCE -o OUT.onnx``: a torch network as an ONNX file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit

_NETWORK = {
    "weights": Annotated[
        Path | None, typer.Option(metavar="FILE", help="Checkpoint; default: random weights.")
    ],
    "classes": Annotated[
        int | None, typer.Option(metavar="N", min=2, help="Classes of the last layer.")
    ],
    "input": Annotated[
        str | None,
        typer.Option("--input", metavar="SIZE", help="Of the input: 224, 360x480 or 1x28x28."),
    ],
}
_PREPROCESSING = {
    "resize": Annotated[
        int | None, typer.Option(metavar="PIXELS", help="Shorter side before the crop.")
    ],
    "crop": Annotated[
        int | None, typer.Option(metavar="PIXELS", help="Side of the central square.")
    ],
    "scale": Annotated[str | None, typer.Option(metavar="X", help="Factor on pixels, like 1/255.")],
    "mean": Annotated[str | None, typer.Option(metavar="LIST", help="Of scaled pixels.")],
    "std": Annotated[str | None, typer.Option(metavar="LIST", help="Of scaled pixels.")],
    "color": Annotated[str | None, typer.Option(metavar="ORDER", help="RGB or BGR.")],
}


@app.command()
@options.takes(**_NETWORK, **_PREPROCESSING)
def export(
    source: Annotated[
        str,
        typer.Argument(
            help="torchvision:NAME, cifar:NAME, segmentation:NAME, path/to/module.py:factory or "
            "package.module:factory.",
            metavar="SOURCE",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT.onnx", help="File to write.")],
    **flags: Any,
) -> Exit:
    r"""Convert a torch network to ONNX; check that both answer alike.

    The batch size stays open, and how images are prepared is written into
    the file: for torchvision's networks as torchvision describes it. A module
    of your own is run, as importing it would.

    Needs torch: pip install 'relcheck-onnx\[export]'.
    """
    from analyzer.cli.present import show_text
    from analyzer.cli.terminal import terminal
    from analyzer.jobs.export import export_network
    from analyzer.jobs.requests.export import ExportRequest
    from analyzer.jobs.requests.settings import ask
    from analyzer.reports.before_after.exported import export_text

    stated = {name: flags.pop(name) for name in _PREPROCESSING}
    preprocessing = {name: str(value) for name, value in stated.items() if value is not None}
    request = ask(ExportRequest, flags, source=source, out=out, preprocessing=preprocessing)
    return show_text(export_text(export_network(request, terminal())))
