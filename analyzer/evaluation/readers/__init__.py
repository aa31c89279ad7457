"""Readers of data sets: a family, one file for each form in which images come.

A reader says of a path whether it takes it, or why not; `choose` asks one after the other.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from analyzer.errors import BadData, FileMissing
from analyzer.evaluation.dataset import Dataset
from analyzer.evaluation.in_memory import Arrays
from analyzer.evaluation.readers.folder import FolderReader
from analyzer.evaluation.readers.generated import OPEN_LENGTH, generate_data
from analyzer.evaluation.readers.memory import read_arrays
from analyzer.evaluation.readers.npz import NpzReader
from analyzer.evaluation.readers.request import Request
from analyzer.model import InputSignature, Preprocessing

__all__ = [
    "OPEN_LENGTH",
    "READERS",
    "Reader",
    "Request",
    "choose",
    "generate_data",
    "read_data",
]


class Reader(Protocol):
    """Reads data sets of one form."""

    def refuses(self, path: Path) -> str:
        """The reason why this reader does not take a path, as half a sentence; empty: it does.

        Args:
            path: of a file or folder that is there.
        """

    def read(self, path: Path, request: Request) -> Dataset:
        """Read the data set.

        Args:
            path: one that is not refused.
            request: what is wanted.

        Raises:
            DataError: it cannot be read, or does not fit the model.
            TooLarge: it is more than a data set may be.
            BadOption: an option of the request has no effect on such data.
        """


READERS: tuple[Reader, ...] = (FolderReader(), NpzReader())


def choose(path: Path, readers: Sequence[Reader] = READERS) -> Reader:
    """The reader of a path.

    Args:
        path: of a file or a folder.
        readers: in the order in which they are asked.

    Raises:
        FileMissing: nothing is there, or no file.
        BadData: none takes it; the message says why.
    """
    if not path.exists():
        raise FileMissing(f"there is no data set {path}")
    if not (path.is_dir() or path.is_file()):
        raise FileMissing(f"{path} is a device or a pipe; relcheck reads data sets from files")
    reasons = []
    for reader in readers:
        if not (reason := reader.refuses(path)):
            return reader
        reasons.append(reason)
    raise BadData(f"{path} is no data set: {reasons[-1]}")


def read_data(
    source: Path | Arrays,
    signature: InputSignature,
    preprocessing: Preprocessing,
    most: int | None = None,
    *,
    seed: int = 0,
    labels: Path | None = None,
    names: Sequence[str] = (),
) -> Dataset:
    """Read an ``.npz`` file, a folder of images, or the arrays that a program holds.

    Args:
        source: path of the file or folder, or the arrays.
        signature: the model's inputs.
        preprocessing: how images become inputs.
        most: images that are wanted, drawn by the seed; None: all.
        seed: of the plan.
        labels: a list of file names and classes, for a folder.
        names: of the model's classes, in their order.

    Raises:
        FileMissing: it is not there.
        BadData: it cannot be read.
        TooLarge: it is more than a data set may be.
        DataMismatch: it does not fit the model's input.
        BadOption: an option has no effect on such data.
    """
    request = Request(signature, preprocessing, most, seed, labels, tuple(names))
    if isinstance(source, Arrays):
        return read_arrays(source, request)
    return choose(source).read(source, request)
