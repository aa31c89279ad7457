"""``relcheck inspect MODEL``: what is at risk, what is not, and how the engine reaches it."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli.app import app


@app.command()
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
) -> None:
    """Show the fault space: tensors, kinds, types, bits, routes; what is out of scope and why."""
    from analyzer.cli.devices import device_of, on_device
    from analyzer.cli.output import say
    from analyzer.errors import NothingAtRisk
    from analyzer.evaluation.dataset import make_batches
    from analyzer.faults.space import FaultSpace
    from analyzer.jobs.prepare import find_data, selection_of
    from analyzer.jobs.settings import read_settings
    from analyzer.model import load_model
    from analyzer.reports.inventory import fault_space_text
    from analyzer.runtime.layout.restrict import routes_of
    from analyzer.runtime.open import open_executor

    flags = {
        "encoding": encoding,
        "include": include,
        "exclude": exclude,
        "kinds": kinds,
        "data": data,
        "device": device,
    }
    settings = on_device(read_settings(None, flags))
    loaded = load_model(model)
    try:
        space = loaded.space(selection_of(settings), settings.encoding)
    except NothingAtRisk:
        say(fault_space_text(loaded, FaultSpace(()), {}, {}))
        return
    images = find_data(loaded, settings).first(1)
    fixed = loaded.signature.fixed_batch
    batch = make_batches(images, fixed or 1, 0, fixed is not None)[0]
    where, feeds = device_of(settings.device), batch.feeds(loaded.signature.name)
    layout = open_executor(loaded, space, feeds, where).layout
    routes, reasons = routes_of(layout, [t.name for t in space.tensors])
    say(fault_space_text(loaded, space, routes, reasons))
