"""A list of models with the data set that each is judged on: a CSV file."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from analyzer.did_you_mean import meant
from analyzer.errors import BadModelList, quoted
from analyzer.model.metadata import read_number

NEEDED = ("method", "dataset", "model", "data")
OPTIONAL = ("variant", "labels", "x")
MOST_BYTES = 16 << 20
EXAMPLE = "its first line is method,dataset,model,data and may name variant, labels and x as well"


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One line of the list.

    Attributes:
        method: How the model came about, such as its pretraining.
        dataset: Name of the data set.
        model: Path of the ONNX file.
        data: Path of the images.
        variant: What was done to the model, such as the bounds on its activations; empty: as the
            model itself says.
        labels: List of images and classes; None: the data have their own.
        x: Place of the method on the horizontal axis; None: nobody says.
        where: Place in the file, for messages.
    """

    method: str
    dataset: str
    model: Path
    data: Path
    variant: str
    labels: Path | None
    x: float | None
    where: str


def read_model_list(path: Path) -> tuple[ListedModel, ...]:
    """The lines of a list; paths in it start from its folder.

    Args:
        path: of the CSV file.

    Raises:
        BadModelList: it cannot be read, lacks a column or a value, or contradicts itself.
    """
    reader = csv.DictReader(io.StringIO(_text(path)), skipinitialspace=True)
    try:
        names = tuple(reader.fieldnames or ())
        rows = list(reader)
    except csv.Error as error:
        raise BadModelList(f"{path} is no CSV: {error}") from error
    known = (*NEEDED, *OPTIONAL)
    for name in names:
        if name not in known:
            raise BadModelList(
                f"{path}: column {quoted(name)} is unknown{meant(name, known)}; {EXAMPLE}"
            )
    if missing := [name for name in NEEDED if name not in names]:
        raise BadModelList(f"{path} has no column {missing[0]}; {EXAMPLE}")
    found = tuple(_lines(path, rows))
    if not found:
        raise BadModelList(f"{path} lists no model; {EXAMPLE}")
    _check_places(found)
    return found


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadModelList(f"{path} is larger than {MOST_BYTES >> 20} MiB: it is no list")
        return path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise BadModelList(f"there is no list of models {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadModelList(f"{path} cannot be read as text") from error


def _lines(path: Path, rows: list[dict[str, str | None]]) -> Iterator[ListedModel]:
    for number, row in enumerate(rows, 2):
        where = f"{path}, line {number}"
        if None in row:
            raise BadModelList(f"{where} has more values than columns; quote texts with commas")
        cells = {name: (value or "").strip() for name, value in row.items()}
        for name in NEEDED:
            if not cells[name]:
                raise BadModelList(f"{where} has no {name}")
        yield ListedModel(
            cells["method"],
            cells["dataset"],
            path.parent / cells["model"],
            path.parent / cells["data"],
            cells.get("variant", ""),
            path.parent / cells["labels"] if cells.get("labels") else None,
            _place(cells, where),
            where,
        )


def _place(cells: Mapping[str, str], where: str) -> float | None:
    """The value of the column x.

    Raises:
        BadModelList: it is no number.
    """
    if not cells.get("x"):
        return None
    try:
        return read_number(cells["x"])
    except ValueError as error:
        raise BadModelList(f"{where}: x is {quoted(cells['x'])}, which is no number") from error


def _check_places(listed: tuple[ListedModel, ...]) -> None:
    """Refuse a method with two places on the axis.

    Raises:
        BadModelList: there is one.
    """
    places: dict[str, ListedModel] = {}
    for line in listed:
        first = places.setdefault(line.method, line)
        if first.x != line.x:
            raise BadModelList(
                f"{line.where}: {quoted(line.method)} has another x than in {first.where}; a "
                "method has one place on the axis"
            )
