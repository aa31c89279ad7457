"""Targets, what was found, and the table that holds the one against the other."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum

Detail = float | int | str
Wanted = Set[str]
"""Names of the targets that are to be measured."""


class Verdict(StrEnum):
    """What the last column says."""

    OK = "ok"
    SHORT = "short"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Target:
    """One line of the table.

    Attributes:
        name: What ``--only`` and the results file call it.
        text: What it is, for people.
        bound: What the figure has to reach, in ``unit``.
        at_most: Whether the figure has to stay below the bound instead.
        unit: Empty for a ratio.
    """

    name: str
    text: str
    bound: float
    at_most: bool = False
    unit: str = ""

    def met_by(self, figure: float) -> bool:
        """Whether a figure is good enough; one that is no number is not."""
        return figure <= self.bound if self.at_most else figure >= self.bound


@dataclass(frozen=True, slots=True)
class Found:
    """What a benchmark found about one target.

    Attributes:
        name: Of the target.
        figure: In the unit of the target; None if it could not be measured.
        reason: Why it could not.
        details: What it was computed from, by name, for the results file.
        packages: Versions of the packages that ran, where it was not in this process.
    """

    name: str
    figure: float | None
    reason: str = ""
    details: Mapping[str, Detail] = field(default_factory=dict)
    packages: Mapping[str, str] | None = None

    @staticmethod
    def missing(name: str, reason: str) -> "Found":
        """Nothing was found, and why."""
        return Found(name, None, reason)


def verdict(target: Target, found: Found) -> Verdict:
    """Of one line."""
    if found.figure is None:
        return Verdict.NOT_RUN
    return Verdict.OK if target.met_by(found.figure) else Verdict.SHORT


WIDTHS = (28, 12, 12)


def head() -> str:
    """The column heads."""
    return _columns("name", "figure", "target") + "verdict"


def line(target: Target, found: Found) -> str:
    """Name, figure, target, and ``ok``, ``short`` or why it was not run."""
    bound = ("<= " if target.at_most else ">= ") + _number(target.bound, target.unit)
    said = verdict(target, found)
    figure = "-" if found.figure is None else _number(found.figure, target.unit)
    reason = f": {found.reason}" if found.reason else ""
    return _columns(target.name, figure, bound) + said + reason


def _columns(name: str, figure: str, bound: str) -> str:
    wide, *narrow = WIDTHS
    return f"{name:<{wide}}" + "".join(
        f"{text:>{width}}  " for text, width in zip((figure, bound), narrow, strict=True)
    )


def _number(value: float, unit: str) -> str:
    """Three digits, or all of those before the point.

    >>> _number(0.97, ""), _number(25.0, ""), _number(134.6, ""), _number(3.98, "s")
    ('0.970', '25.0', '135', '3.98 s')
    """
    places = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{places}f} {unit}".rstrip()


def table(targets: Sequence[Target], found: Iterable[Found]) -> str:
    """Every target that something was found about, in the order of the targets.

    Raises:
        KeyError: something was found about what is no target.
    """
    known = {target.name for target in targets}
    by_name = {f.name: f for f in found}
    if stray := by_name.keys() - known:
        raise KeyError(f"no target is called {', '.join(sorted(stray))}")
    rows = [line(t, by_name[t.name]) for t in targets if t.name in by_name]
    return "\n".join([head(), *rows])


def exit_code(targets: Sequence[Target], found: Iterable[Found]) -> int:
    """1 if one is short; what was not run is no failure, and is said in its line."""
    by_name = {f.name: f for f in found}
    said = [verdict(t, by_name[t.name]) for t in targets if t.name in by_name]
    return int(Verdict.SHORT in said)
