"""``relcheck annotate MODEL --scale ... -o OUT``: an ONNX file that says how it is fed."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options
from analyzer.cli.app import app


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
) -> None:
    """Write into an ONNX file how images are prepared, and what its classes are.

    The entries are metadata, which runtimes pass over: relcheck then needs no
    flags, and reports what the model says of itself.

    Example: relcheck annotate model.onnx --scale 1/127.5 --mean 1 -o fed.onnx
    """
    from analyzer.cli.output import check_targets, say, write_whole
    from analyzer.jobs.annotate import annotate_model, name_beside, read_class_names
    from analyzer.jobs.settings import read_settings
    from analyzer.reports.annotated import annotated_text

    settings = read_settings(None, flags, "annotate")
    check_targets([out], [model])
    entries = dict(settings.preprocessing)
    if labels is not None:
        entries["labels"] = read_class_names(labels)
    if data is not None:
        entries["data"] = name_beside(data, out)
    made = annotate_model(model, out, entries)
    write_whole(out, made.content)
    say(annotated_text(out.name, made.entries, made.changed, made.folded))
