"""A report as a list of findings, with the tables and facts that a person wants beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """Result of one check."""

    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"
    WAIVED = "waived"
    ERROR = "error"


class Level(StrEnum):
    """Weight of a finding: an error decides the exit code, a warning is only told."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model file.

    Attributes:
        path: Relative to the root of its repository, with slashes.
        sha256: Of its content, in hexadecimal; empty: it was not read.
    """

    path: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what it came to.

    Attributes:
        rule: Name of the kind of check, the same in every run: ``gate-sdc``.
        name: The check itself, the same in every run: ``sdc <= 0.01 @ 1e-6``.
        state: What it came to.
        sentence: All that is known of it, numbers included.
        found: The figure and its interval; empty: there is none.
        model: Number of the artifact that it is about.
        level: Error, or warning.
        place: Name of the tensor that it is about; empty: the whole model.
        numbers: Rate, bound, interval and the like, by name.
    """

    rule: str
    name: str
    state: State
    sentence: str
    found: str = ""
    model: int = 0
    level: Level = Level.ERROR
    place: str = ""
    numbers: Mapping[str, float | int | str] = field(default_factory=dict)

    @property
    def told(self) -> bool:
        """True if a pipeline is to hear of it: it did not pass."""
        return self.state is not State.PASS

    @property
    def severity(self) -> Level:
        """A failure or an error weighs as its level says; what is undecided or waived, less."""
        decided = self.state in (State.FAIL, State.ERROR)
        return self.level if decided else Level.WARNING


@dataclass(frozen=True, slots=True)
class Table:
    """A table for people.

    Attributes:
        title: Its heading.
        heads: Of the columns; the first is text, the others are figures.
        rows: Of cells.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that a pipeline wants of a report.

    Attributes:
        title: The result in a few words: ``gate passed``.
        artifacts: Models; the first is the one that is judged, or the reference.
        version: Of relcheck.
        started: ISO 8601, UTC.
        seconds: How long it took.
        command: What asked for the job.
        checks: At least one.
        lead: Sentences that answer the question.
        tables: For people.
        notes: Sentences below the tables.
        facts: Pairs of name and value: what the figures rest on.
        exit_code: Of the command, if it is the same in all reports of the kind; None: by checks.
    """

    title: str
    artifacts: tuple[Artifact, ...]
    version: str
    started: str
    seconds: float
    command: str
    checks: tuple[Finding, ...]
    lead: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    exit_code: int | None = None

    def artifact(self, check: Finding) -> Artifact:
        """The model that a check is about."""
        return self.artifacts[check.model]

    @property
    def told(self) -> tuple[Finding, ...]:
        """Checks of which a pipeline is to hear."""
        return tuple(check for check in self.checks if check.told)
