"""``relcheck data cifar10 DIR``: a public data set as a file for ``--data``."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli.app import app


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
) -> None:
    """Write a public data set as .npz for relcheck run --data.

    A copy in DIR is read as it was published (cifar-10-batches-py or
    cifar-10-batches-bin). Where there is none, torchvision fetches it.

    Only test images judge a network; calibrate on --part train.
    """
    from analyzer.cli.output import check_targets, say, write_whole
    from analyzer.cli.process.heartbeat import HEARTBEAT
    from analyzer.errors import BadOption, FileMissing
    from exporters.datasets.archives import write_archive
    from exporters.datasets.cifar10 import Subset, fetch_cifar10, find_folder, read_cifar10

    if name != "cifar10":
        raise BadOption(f"there is no data set {name!r}; relcheck data knows cifar10")
    if part not in list(Subset):
        raise BadOption(f"--part {part!r} is neither test nor train")
    if not folder.is_dir():
        raise FileMissing(f"there is no folder {folder}; make it first")
    target = out or folder / f"{name}_{part}.npz"
    check_targets([target], [])
    with HEARTBEAT.suspended():
        if find_folder(folder) is None:
            fetch_cifar10(folder)
        found = read_cifar10(folder, Subset(part))
        found = found.first(images) if images else found
    write_whole(target, write_archive({"images": found.pixels, "labels": found.labels}))
    say(f"{target}: {len(found.labels):,} images of {name}, part {part}\n")
