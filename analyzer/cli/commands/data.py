"""``relcheck data cifar10 DIR``: a public data set as a file for ``--data``."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli.app import app
from analyzer.cli.exits import Exit


@app.command()
def data(
    name: Annotated[str, typer.Argument(help="The data set: cifar10.", metavar="NAME")],
    folder: Annotated[
        Path,
        typer.Argument(help="Where a copy lies, or is put if there is none.", metavar="DIR"),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="OUT.npz", help="File to write; default: in DIR."),
    ] = None,
    part: Annotated[str, typer.Option(metavar="WORD", help="test or train.")] = "test",
    images: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only the first N.")
    ] = None,
) -> Exit:
    """Write a public data set as .npz for relcheck run --data.

    A copy in DIR is read as it was published (cifar-10-batches-py or
    cifar-10-batches-bin). Where there is none, torchvision fetches it.

    Only test images judge a network; calibrate on --part train.
    """
    from analyzer.cli.present import show
    from analyzer.cli.terminal import terminal
    from analyzer.jobs.fetch import FetchRequest, fetch_data

    return show(fetch_data(FetchRequest(name, folder, out, part, images), terminal()))
