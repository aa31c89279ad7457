"""Lists of labels: a text file with the name of an image and its class on each line."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from analyzer.did_you_mean import meant
from analyzer.errors import BadData, DataMismatch, FileMissing, quoted
from analyzer.evaluation.sources.class_names import Numbering, number_by_order

MOST_BYTES = 2**28
"""Of a list: ten million lines."""

HEADS = {
    **dict.fromkeys(("file", "filename", "file_name", "image", "path", "name", "id"), 0),
    **dict.fromkeys(("label", "labels", "class", "class_id", "target", "category"), 1),
}
"""Words that head a column: 0 of files, 1 of classes."""


@dataclass(frozen=True, slots=True)
class LabelList:
    """A list of labels.

    Attributes:
        path: Of the file.
        content: Its bytes.
        classes: By the name of the image as it is written: its class as it is written.
    """

    path: Path
    content: bytes
    classes: Mapping[str, str]

    def by_file(self, files: Sequence[str]) -> dict[str, str]:
        """The class, as it is written, of every file that is in the list.

        Args:
            files: paths relative to the folder of the data set, with slashes.

        Raises:
            BadData: a name in the list means several files.
        """
        found: dict[str, str] = {}
        for name, several in self._meant(files).items():
            if len(several) > 1:
                raise BadData(
                    f"{quoted(name)} in {self.path} means {quoted(several[0])} and "
                    f"{quoted(several[1])}; write the path of the file within the folder"
                )
            found[several[0]] = self.classes[name]
        return found

    def without(self, files: Sequence[str]) -> list[str]:
        """Names in the list of which there is no file.

        Args:
            files: paths relative to the folder of the data set, with slashes.
        """
        found = self._meant(files)
        return [name for name in self.classes if name not in found]

    def _meant(self, files: Sequence[str]) -> dict[str, list[str]]:
        """For names in the list: files of that path, else of that name, else without its suffix."""
        ways: list[dict[str, list[str]]] = [{}, {}, {}]
        for file in files:
            pure = PurePosixPath(file)
            for way, name in zip(ways, (file, pure.name, pure.stem), strict=True):
                way.setdefault(name, []).append(file)
        meant_by = {}
        for name in self.classes:
            plain = str(PurePosixPath(name.replace("\\", "/")))
            found = next((way[plain] for way in ways if plain in way), None)
            if found is not None:
                meant_by[name] = found
        return meant_by


def read_label_list(path: Path) -> LabelList:
    """Read a list: names and classes apart by a comma, a semicolon, a tab or spaces.

    A first line that heads the columns is passed over; it may say which columns are meant.

    Args:
        path: of the list.

    Raises:
        FileMissing: it is not there.
        BadData: it is no such list, or gives one image two classes.
    """
    content = _read(path)
    try:
        text = content.decode("utf-8-sig")
        rows = [row for row in csv.reader(_lines(text), delimiter=_delimiter(text)) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadData(f"{path} cannot be read as a list of labels") from error
    first, second = 0, 1
    if rows and {word.strip().lower() for word in rows[0]} & HEADS.keys():
        first, second = _columns(rows.pop(0))
    classes: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        if len(row) <= max(first, second):
            raise BadData(f"{path}, entry {number}: there is no class behind the name of the image")
        name, label = row[first].strip(), row[second].strip()
        if classes.setdefault(name, label) != label:
            raise BadData(f"{path} gives {quoted(name)} two classes")
    if not classes:
        raise BadData(f"{path} holds no labels; write lines like photo.png,3")
    return LabelList(path, content, classes)


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise FileMissing(f"{path} is no file; --labels names a list like photo.png,3")
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise FileMissing(f"there is no list of labels {path}") from error
    except OSError as error:
        raise FileMissing(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise BadData(f"{path} is too large for a list of labels")
    return content


def _lines(text: str) -> list[str]:
    spaces = _delimiter(text) == " "
    return [re.sub(r"\s+", " ", line.strip()) if spaces else line for line in text.splitlines()]


def _delimiter(text: str) -> str:
    """The delimiter between the columns of the first line."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return next((mark for mark in ("\t", ";", ",") if mark in first), " ")


def _columns(head: Sequence[str]) -> tuple[int, int]:
    kinds = [HEADS.get(word.strip().lower()) for word in head]
    first = kinds.index(0) if 0 in kinds else 0
    second = kinds.index(1) if 1 in kinds else (1 if first == 0 else 0)
    return first, second


def number_labels(written: Mapping[str, str], names: Sequence[str], path: Path) -> Numbering:
    """Class numbers of classes as they are written.

    Numbers are classes. Names count as the model, or a configuration, orders them; where nothing
    says an order, in the order of text, as AiTLAS does.

    Args:
        written: by file, a number or the name of a class.
        names: of the classes, in their order; empty: nobody says.
        path: of the list, for messages.

    Raises:
        DataMismatch: names of classes that are none of ``names``.

    >>> number_labels({"1.jpg": "wren", "2.jpg": "crow"}, (), Path("train.csv")).labels
    {'crow': 0, 'wren': 1}
    """
    classes = sorted(set(written.values()))
    if all(re.fullmatch("-?[0-9]+", label) for label in classes):
        return Numbering({label: int(label) for label in classes}, "", None)
    if not names:
        return number_by_order(classes, "by sorted name")
    places = {name: place for place, name in enumerate(names)}
    for file, label in written.items():
        if label not in places:
            raise DataMismatch(
                f"{path} gives {quoted(file)} the class {quoted(label)}, which is none of the "
                f"{len(names)} classes that the model names{meant(label, names)}"
            )
    return Numbering({label: places[label] for label in classes}, "", None)
