"""The rows of a severity table -> the numbers of classes, checked against the model."""

from collections.abc import Iterable, Mapping, Sequence

from analyzer.did_you_mean import meant
from analyzer.errors import BadSeverityTable, quoted
from analyzer.evaluation.confusions.confusions import ANY, Confusion, Confusions
from analyzer.evaluation.confusions.rows import CRITICAL, STAR, TOLERABLE, SeverityRow

NAMED = "relcheck annotate MODEL --labels writes the names of classes into the model"


def resolve_confusions(
    rows: Sequence[SeverityRow], names: Sequence[str], classes: int | None, source: str = ""
) -> Confusions:
    """The confusions that a table speaks of.

    Args:
        rows: of the table.
        names: of the model's classes, in their order; empty: it states none.
        classes: how many classes the model has; None: its answers do not tell.
        source: name of the file, for reports.

    Raises:
        BadSeverityTable: a class that there is not, or rows that contradict one another.

    >>> row = SeverityRow("stop", "*", True, "signs.csv, line 2")
    >>> resolve_confusions([row], ["go", "stop"], 2).rows
    (Confusion(golden=1, faulty=-1, critical=True),)
    """
    book = _Classes(names, classes)
    found: dict[tuple[int, int], SeverityRow] = {}
    for row in rows:
        pair = book.number(row.golden, row), book.number(row.faulty, row)
        if pair[0] == pair[1] != ANY:
            raise BadSeverityTable(
                f"{row.where}: {quoted(row.golden)} as {quoted(row.faulty)} is no confusion: it is "
                "the same class"
            )
        if found.setdefault(pair, row).critical != row.critical:
            raise _contradiction(found[pair], row)
    _check_stars(found)
    numbered = sorted(Confusion(*pair, row.critical) for pair, row in found.items())
    words = {True: CRITICAL, False: TOLERABLE}
    shown = tuple((row.golden, row.faulty, words[row.critical]) for row in found.values())
    return Confusions(tuple(numbered), source, shown)


class _Classes:
    """Classes of a model by name and by number."""

    def __init__(self, names: Sequence[str], classes: int | None) -> None:
        self._names = names
        self._count = classes if classes is not None else len(names) or None
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            self._places.setdefault(name.strip().casefold(), []).append(place)

    def number(self, text: str, row: SeverityRow) -> int:
        """The number of the class that a row names, or `ANY`.

        Args:
            text: the name or the number.
            row: for the refusal.

        Raises:
            BadSeverityTable: there is no such class, or several.
        """
        if text == STAR:
            return ANY
        places = set(self._places.get(text.strip().casefold(), ()))
        if text.isascii() and text.isdecimal() and self._is_class(int(text[:10])):
            places.add(int(text[:10]))
        if len(places) == 1:
            return places.pop()
        if places:
            several = " and ".join(map(str, sorted(places)[:2]))
            raise BadSeverityTable(
                f"{row.where}: {quoted(text)} may be class {several}; write another of its names"
            )
        raise BadSeverityTable(f"{row.where}: {self._unknown(text)}")

    def _is_class(self, number: int) -> bool:
        return self._count is None or number < self._count

    def _unknown(self, text: str) -> str:
        if text.isdecimal():
            return f"there is no class {text}: the model has {self._count} classes, from 0"
        if not self._names:
            return f"{quoted(text)} is no number, and the model names no classes; {NAMED}"
        return f"the model has no class {quoted(text)}{meant(text, self._names)}"


def _check_stars(found: Mapping[tuple[int, int], SeverityRow]) -> None:
    """Refuse two rows of one class each that disagree on a pair which no row of two settles.

    Raises:
        BadSeverityTable: there are such rows.
    """
    after = [(pair[1], row) for pair, row in found.items() if pair[0] == ANY != pair[1]]
    for (golden, faulty), row in found.items():
        if golden == ANY or faulty != ANY:
            continue
        for other, second in _disagreeing(row, after):
            if golden != other and (golden, other) not in found:
                raise _contradiction(row, second)


def _disagreeing(
    row: SeverityRow, others: Iterable[tuple[int, SeverityRow]]
) -> Iterable[tuple[int, SeverityRow]]:
    return ((place, other) for place, other in others if other.critical != row.critical)


def _contradiction(one: SeverityRow, other: SeverityRow) -> BadSeverityTable:
    classes = (one.golden, other.golden), (one.faulty, other.faulty)
    pair = [second if first == STAR else first for first, second in classes]
    return BadSeverityTable(
        f"{one.where} and {other.where} contradict one another on {quoted(pair[0])} as "
        f"{quoted(pair[1])}; say in a row of its own what that confusion is"
    )
