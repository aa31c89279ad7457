"""``relcheck inspect MODEL``: what is at risk, what is not, and how the engine reaches it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.cli.option_forms import takes
from analyzer.cli.report_options import outputs
from analyzer.reports.formats import RecordKind


@app.command()
@takes(**outputs(RecordKind.INVENTORY, None))
def inspect(
    model: Annotated[Path, typer.Argument(help="The ONNX model.", metavar="MODEL")],
    encoding: Annotated[
        str, typer.Option(metavar="WORD", help="How values are held: stored or q15.16.")
    ] = "stored",
    include: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Only these names.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Not these names.")
    ] = None,
    kinds: Annotated[str | None, typer.Option(metavar="LIST", help="Only these kinds.")] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Data set, to resolve open shapes.")
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="WORD", help="Routes on this device: cpu (default), cuda, ...")
    ] = "cpu",
    precise_int8: Annotated[
        bool,
        typer.Option("--precise-int8", help="Add up int8 products exactly."),
    ] = False,
    sort: Annotated[
        str, typer.Option(metavar="WORD", help="Order: file, bits (most first), name or kind.")
    ] = "file",
    top: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Show only the first N of the order.")
    ] = None,
    **flags: Any,
) -> Exit:
    """Show the fault space: tensors, kinds, types, bits, routes; what is out of scope and why.

    Example: relcheck inspect model.onnx --sort bits --top 20
    """
    own = {name: value for name, value in locals().items() if name not in ("model", "flags")}
    from analyzer.cli.present import show
    from analyzer.cli.terminal import terminal
    from analyzer.jobs.inspect import inspect_model
    from analyzer.jobs.requests.checks import InspectRequest
    from analyzer.jobs.requests.settings import ask

    return show(inspect_model(ask(InspectRequest, {**own, **flags}, model=model), terminal()))
