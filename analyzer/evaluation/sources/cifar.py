"""CIFAR-10 and CIFAR-100 in the folders that are published: Python's pickles, or plain bytes.

A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData, BadOption, FileMissing
from analyzer.evaluation.dataset import digest
from analyzer.evaluation.sources.asked import Asked
from analyzer.evaluation.sources.part_folders import check_part
from analyzer.evaluation.sources.pickles import read_pickle
from analyzer.evaluation.sources.source import ArraySource

SIDE, COLORS = 32, 3
IMAGE_BYTES = COLORS * SIDE * SIDE

Pixels = npt.NDArray[np.uint8]
Batch = tuple[Pixels, npt.NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Published:
    """One of the published folders.

    Attributes:
        folder: Its name.
        title: Of the data set.
        parts: Files of each part.
        classes: How many there are.
        labels: Key of the classes in a pickle.
        heads: Label bytes before the pixels of an image; the last one is its class. 0: pickles.
        names: File that names the classes, and the key of these.
    """

    folder: str
    title: str
    parts: dict[str, tuple[str, ...]]
    classes: int
    labels: str
    heads: int
    names: tuple[str, str]

    @property
    def marks(self) -> tuple[str, ...]:
        """Files by which a folder of another name is known."""
        tells = self.parts["test"] if "test_batch" in self.parts["test"][0] else ()
        return tells or tuple(name for files in self.parts.values() for name in files)


_TEN = tuple(f"data_batch_{number}" for number in range(1, 6))
PUBLISHED = (
    Published(
        "cifar-10-batches-py",
        "CIFAR-10",
        {"train": _TEN, "test": ("test_batch",)},
        10,
        "labels",
        0,
        ("batches.meta", "label_names"),
    ),
    Published(
        "cifar-10-batches-bin",
        "CIFAR-10",
        {"train": tuple(f"{name}.bin" for name in _TEN), "test": ("test_batch.bin",)},
        10,
        "labels",
        1,
        ("batches.meta.txt", ""),
    ),
    Published(
        "cifar-100-python",
        "CIFAR-100",
        {"train": ("train",), "test": ("test",)},
        100,
        "fine_labels",
        0,
        ("meta", "fine_label_names"),
    ),
    Published(
        "cifar-100-binary",
        "CIFAR-100",
        {"train": ("train.bin",), "test": ("test.bin",)},
        100,
        "fine_labels",
        2,
        ("fine_label_names.txt", ""),
    ),
)

NAMES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
"""Of CIFAR-10's classes, where no file names them."""


class Cifar:
    """A folder that is, or holds, one of the published folders; a part fits into memory."""

    idle: ClassVar[Mapping[str, str]] = {
        "labels": "the batches hold the class of each image",
        "masks": "CIFAR's images have one class each",
    }

    def refuses(self, path: Path, asked: Asked) -> str:
        """The reason why a path holds no CIFAR; empty: it does."""
        return "" if find_published(path) is not None else "it holds no batches of CIFAR"

    def open(self, path: Path, asked: Asked) -> ArraySource:
        """The images of one part; see `SourceForm.open`.

        Args:
            path: of the folder.
            asked: the part.
        """
        found = find_published(path)
        assert found is not None, "who has none is refused"
        folder, form = found
        if asked.part is None:
            raise BadOption(f"{path} holds the parts train and test; say which by --part")
        check_part(asked.part)
        if asked.part not in form.parts:
            raise BadOption(
                f"--part {asked.part}: {form.title} has the parts train and test; of the training "
                "images, keep some apart"
            )
        pixels, labels = read_part(folder, form, asked.part)
        classes = read_names(folder, form)
        note = f"{form.title}, part {asked.part}, classes as published"
        if classes:
            note += f": {classes[0]} = 0 .. {classes[-1]} = {len(classes) - 1}"
        name = f"{path.name}/{asked.part}"
        return ArraySource(name, pixels, labels, digest(pixels, labels), classes, note=note)


def find_published(path: Path) -> tuple[Path, Published] | None:
    """The folder with the batches, ``path`` or one in it, and its form; None: there is none.

    A folder of any name counts if its batches do.
    """
    if not path.is_dir():
        return None
    for form in PUBLISHED:
        if (path / form.folder).is_dir():
            return path / form.folder, form
    for form in PUBLISHED:
        if path.name == form.folder or all((path / name).is_file() for name in form.marks):
            return path, form
    return None


def read_part(folder: Path, form: Published, part: str) -> Batch:
    """Images and classes of one part, in the order of the files.

    Args:
        folder: with the batches.
        form: of the folder.
        part: ``train`` or ``test``.

    Returns:
        uint8 (n, 32, 32, 3) and int64 (n,).

    Raises:
        FileMissing: a batch is not there.
        BadData: a batch is damaged.
    """
    found = [_read(folder / name, form) for name in form.parts[part]]
    pixels, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if not len(labels):
        raise BadData(f"{folder} holds 0 images of the part {part}")
    if labels.min() < 0 or labels.max() >= form.classes:
        raise BadData(f"a label in {folder} is not from 0 to {form.classes - 1}")
    return pixels, labels


def read_names(folder: Path, form: Published) -> tuple[str, ...]:
    """Names of the classes, as published; empty: no file names them, and CIFAR-100 is meant.

    Args:
        folder: with the batches.
        form: of the folder.
    """
    file, key = form.names
    try:
        content = (folder / file).read_bytes()
        if key:
            listed = read_pickle(content).get(key)
            texts = [str(n, "utf-8") if isinstance(n, bytes) else str(n) for n in _list(listed)]
        else:
            texts = content.decode("utf-8").split()
    except (OSError, ValueError):
        texts = []
    if len(texts) == form.classes:
        return tuple(texts)
    return NAMES if form.classes == len(NAMES) else ()


def _list(given: object) -> list[object]:
    return given if isinstance(given, list) else []


def _read(path: Path, form: Published) -> Batch:
    try:
        content = path.read_bytes()
        return _binary(content, form.heads) if form.heads else _pickled(content, form.labels)
    except FileNotFoundError as error:
        raise FileMissing(f"{path.name} is missing in {path.parent}") from error
    except OSError as error:
        raise BadData(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadData(f"{path} is no batch of {form.title}: {error}") from error


def _binary(data: bytes, heads: int) -> Batch:
    """Label bytes and 3072 pixels per image, color by color."""
    if not data or len(data) % (IMAGE_BYTES + heads):
        raise ValueError(f"its {len(data):,} bytes are no whole number of images")
    rows = np.frombuffer(data, np.uint8).reshape(-1, IMAGE_BYTES + heads)
    return _as_images(rows[:, heads:]), rows[:, heads - 1].astype(np.int64)


def _pickled(data: bytes, key: str) -> Batch:
    """A dictionary with ``data``, uint8 (n, 3072), and a list of classes."""
    entries = read_pickle(data)
    pixels, labels = entries.get("data"), entries.get(key)
    if not isinstance(pixels, np.ndarray) or pixels.ndim != 2 or pixels.shape[1] != IMAGE_BYTES:
        raise ValueError(f"'data' is no array of {IMAGE_BYTES} bytes per image")
    if not isinstance(labels, Sequence) or not all(isinstance(label, int) for label in labels):
        raise ValueError(f"{key!r} is no list of integers")
    if len(labels) != len(pixels):
        raise ValueError(f"it holds {len(pixels)} images but {len(labels)} labels")
    return _as_images(pixels), np.array(labels, np.int64)


def _as_images(rows: Pixels) -> Pixels:
    """Pixels uint8 (n, 3072), color by color, as (n, 32, 32, 3)."""
    return np.ascontiguousarray(rows.reshape(-1, COLORS, SIDE, SIDE).transpose(0, 2, 3, 1))
