"""Fault lists: CSV files that name bits to be flipped, for this tool, other tools and real boards.

A line is one bit: ``injection,tensor,index,bit``. Lines with the same injection are one pattern.
The lists of published tools for statistical fault injection are read as well; they name layers of
a network (``Injection,Layer,TensorIndex,Bit``), whose weights are meant, and elements by a tuple.
Bit 0 is the least significant in both.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from analyzer.errors import BadFaultList, quoted

HEADS = ("injection", "tensor", "index", "bit")
ALIASES = {"layer": "tensor", "tensorindex": "index"}
"""Names of columns in the lists of other tools."""

EXAMPLE = "write rows like 0,conv1.weight,1274,30 under the head injection,tensor,index,bit"


@dataclass(frozen=True, slots=True)
class ListedBit:
    """One line of a list.

    Attributes:
        tensor: Name of the tensor, or of the layer whose weights are meant.
        index: Of the element: one number in C order, or one for each axis.
        bit: From 0, the least significant.
        line: Of the file, from 1.
    """

    tensor: str
    index: tuple[int, ...]
    bit: int
    line: int


@dataclass(frozen=True, slots=True)
class Injection:
    """One pattern of a list.

    Attributes:
        name: As the list has it.
        bits: One or more.
    """

    name: str
    bits: tuple[ListedBit, ...]


@dataclass
class _Reader:
    """Columns of a list, and the injections so far, in the order of their first lines."""

    source: str
    places: dict[str, int]
    found: dict[str, list[ListedBit]] = field(default_factory=dict)

    def take(self, line: int, row: Sequence[str]) -> None:
        """Take in one row.

        Args:
            line: its number in the file, from 1.
            row: its cells.

        Raises:
            BadFaultList: it is none.
        """
        if len(row) <= max(self.places.values()):
            raise self._bad(line, row)
        name, tensor, index, bit = (row[self.places[head]].strip() for head in HEADS)
        try:
            parsed = tuple(int(part) for part in index.strip("()[] ").split(",") if part.strip())
            entry = ListedBit(tensor, parsed, int(bit), line)
        except ValueError as error:
            raise self._bad(line, row) from error
        if not (name and tensor and parsed):
            raise self._bad(line, row)
        self.found.setdefault(name, []).append(entry)

    def _bad(self, line: int, row: Sequence[str]) -> BadFaultList:
        return BadFaultList(
            f"{self.source}, line {line}: {quoted(','.join(row))} names no bit; {EXAMPLE}"
        )


def read_fault_list(text: str, source: str) -> tuple[Injection, ...]:
    r"""The injections of a list, in the order of their first lines.

    Args:
        text: of the file.
        source: its name, for messages.

    Raises:
        BadFaultList: it is no fault list.

    >>> text = 'Injection,Layer,TensorIndex,Bit\n7,conv1,"(0, 3, 1, 1)",30\n'
    >>> read_fault_list(text, "list.csv")[0].bits[0].index
    (0, 3, 1, 1)
    """
    try:
        rows = [row for row in enumerate(csv.reader(io.StringIO(text)), 1) if any(row[1])]
    except csv.Error as error:
        raise BadFaultList(f"fault list {source} is no CSV: {error}") from error
    if not rows:
        raise BadFaultList(f"fault list {source} is empty; {EXAMPLE}")
    reader = _Reader(source, _columns(rows[0][1], source))
    for line, row in rows[1:]:
        reader.take(line, row)
    if not reader.found:
        raise BadFaultList(f"fault list {source} has a head and no bit; {EXAMPLE}")
    return tuple(Injection(name, tuple(bits)) for name, bits in reader.found.items())


def _columns(head: Sequence[str], source: str) -> dict[str, int]:
    """The place of each column, by our name of it.

    Raises:
        BadFaultList: one is missing.
    """
    places: dict[str, int] = {}
    for place, cell in enumerate(head):
        word = cell.strip().lstrip("\ufeff").lower().replace("_", "").replace(" ", "")
        places.setdefault(ALIASES.get(word, word), place)
    missing = [name for name in HEADS if name not in places]
    if missing:
        raise BadFaultList(f"fault list {source} has no column {missing[0]!r}; {EXAMPLE}")
    return {name: places[name] for name in HEADS}


Row = tuple[str, str, int, int]
"""Injection, tensor, flat index of the element, bit."""


def write_fault_list(rows: Iterable[Row]) -> str:
    r"""A fault list as CSV; `read_fault_list` reads it back.

    >>> write_fault_list([("0", "fc", 12, 30)])
    'injection,tensor,index,bit\n0,fc,12,30\n'
    """
    return "".join(_lines(rows))


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADS)
    writer.writerows(rows)
    yield stream.getvalue()
