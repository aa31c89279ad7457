"""``relcheck annotate MODEL --scale ... -o OUT``: an ONNX file that says how it is fed."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit


@app.command()
@options.takes(**options.PREPROCESSING)
def annotate(
    model: Annotated[Path, typer.Argument(help="The ONNX model.", metavar="MODEL")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The annotated model.", metavar="FILE")],
    labels: Annotated[
        str | None,
        typer.Option(
            help="Class names in the order of the model: a,b,c or a file with one on each line.",
            metavar="NAMES",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="A data set in the model's folder, used by default.", metavar="PATH"),
    ] = None,
    **flags: Any,
) -> Exit:
    """Write into an ONNX file how images are prepared, and what its classes are.

    The entries are metadata, which runtimes pass over: relcheck then needs no
    flags, and reports what the model says of itself.

    Example: relcheck annotate model.onnx --scale 1/127.5 --mean 1 -o fed.onnx
    """
    from analyzer.cli.present import show
    from analyzer.jobs.annotate import annotate_model
    from analyzer.jobs.requests.annotate import AnnotateRequest
    from analyzer.jobs.requests.settings import ask

    flags |= {"labels": labels, "data": data}
    return show(annotate_model(ask(AnnotateRequest, flags, model=model, out=out)))
