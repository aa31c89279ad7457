"""One public data set as a file: read as it was published, fetched where it is not there."""

from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import BadOption, FileMissing
from analyzer.jobs.files import check_targets, write_whole
from analyzer.jobs.observer import SILENT, Observer
from exporters.datasets.archives import write_archive
from exporters.datasets.cifar10 import Subset, fetch_cifar10, find_folder, read_cifar10


@dataclass(frozen=True)
class FetchRequest:
    """A data set that is to become a file.

    Attributes:
        name: Name of the data set: cifar10.
        folder: Where a copy lies, or is put if there is none.
        out: File to write; None: in the folder.
        part: ``test`` or ``train``.
        images: Only so many images, the first.
    """

    name: str
    folder: Path
    out: Path | None = None
    part: str = Subset.TEST.value
    images: int | None = None


@dataclass(frozen=True)
class FetchedData:
    """A data set that became a file.

    Attributes:
        path: The file.
        images: How many it holds.
        name: Name of the data set.
        part: Subset of the data set.
    """

    path: Path
    images: int
    name: str
    part: str

    def to_text(self) -> str:
        """One line."""
        return f"{self.path}: {self.images:,} images of {self.name}, part {self.part}\n"


def fetch_data(request: FetchRequest, observer: Observer = SILENT) -> FetchedData:
    """Write a public data set as an ``.npz`` file.

    Args:
        request: which data set, and where it goes.
        observer: hears no signs of life meanwhile.

    Raises:
        BadOption: there is no such data set, or no such part of it.
        FileMissing: the folder is not there.
        BadData: the copy in the folder is damaged.
        UnwritableOutput: the file cannot be written.
    """
    name, folder, part = request.name.lower(), request.folder, request.part.lower()
    if name != "cifar10":
        raise BadOption(f"there is no data set {request.name!r}; relcheck data knows cifar10")
    if part not in list(Subset):
        raise BadOption(f"--part {part!r} is neither test nor train")
    if not folder.is_dir():
        raise FileMissing(f"there is no folder {folder}; make it first")
    target = request.out or folder / f"{name}_{part}.npz"
    check_targets([target], [])
    with observer.suspended():
        if find_folder(folder) is None:
            fetch_cifar10(folder)
        found = read_cifar10(folder, Subset(part))
        found = found.first(request.images) if request.images else found
    write_whole(target, write_archive({"images": found.pixels, "labels": found.labels}))
    return FetchedData(target, len(found.labels), name, part)
