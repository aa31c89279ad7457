"""Results of jobs: a record of plain data, its forms, and how far the work came."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from analyzer.campaign.result import Stop
from analyzer.campaign.tasks import Shard
from analyzer.errors import BadOption, PackageMissing
from analyzer.gate import Verdict
from analyzer.jobs.files import check_targets, write_whole
from analyzer.reports.formats import RecordKind, find_format, form_by_ending, formats_of
from analyzer.reports.tables import Row

Record = TypeVar("Record")

PAGE_PIXELS = 640
"""Height of a page within a notebook."""


class Status(StrEnum):
    """Outcome of a finished job: as wished, not as wished, or too little work to say.

    Of a job that did not finish, as its report says: an error of the request, or a defect.
    """

    OK = "ok"
    FAILED = "failed"
    UNDECIDED = "undecided"
    ERROR = "error"
    DEFECT = "defect"


def status_of(verdict: Verdict | None, complete: bool) -> Status:
    """Outcome of a job that may have a gate.

    Args:
        verdict: of the gate; None: there is none.
        complete: whether all the work was done.
    """
    if verdict is Verdict.FAIL:
        return Status.FAILED
    done = complete if verdict is None else verdict is Verdict.PASS
    return Status.OK if done else Status.UNDECIDED


@dataclass(frozen=True, repr=False, kw_only=True)
class Report(Generic[Record]):
    """A finished job.

    Attributes:
        record: The report as data.
        written: Files that the job wrote.
        cut_short: What ended parts of the work early; empty: the work is complete.
        journal: File that keeps finished work; None: there is none.
        kept: Whether several journals keep finished work, which the same request finds again.
        printed: Name of the form that is to be printed in place of the text; None: there is none.
    """

    kind: ClassVar[RecordKind | None] = None
    """Under which the forms of the record are registered."""

    record: Record
    written: tuple[Path, ...] = ()
    cut_short: frozenset[Stop] = frozenset()
    journal: Path | None = None
    kept: bool = False
    printed: str | None = None

    @property
    def complete(self) -> bool:
        """True if all the work was done that was asked for."""
        return not self.cut_short

    @property
    def status(self) -> Status:
        """OK if the work is complete, else undecided."""
        return Status.OK if self.complete else Status.UNDECIDED

    def to_text(self) -> str:
        """The report as plain text, 80 columns wide."""
        raise NotImplementedError

    def to_verdict(self) -> str:
        """The part of the text that decides: gates with their evidence; empty without a verdict."""
        return ""

    def rows(self) -> list[Row]:
        """The report as a table: a dictionary per row, the same keys in each."""
        raise NotImplementedError

    def to(self, name: str) -> str:
        """The report in a form of `analyzer.reports.formats`.

        Args:
            name: of the form, e.g. ``json`` or ``html``.

        Raises:
            BadOption: there is no such form of this report.
        """
        form = find_format(self.kind, name) if self.kind else None
        if form is None:
            known = ", ".join(formats_of([self.kind] if self.kind else [])) or "none"
            raise BadOption(f"{type(self).__name__} has no form {name!r}; its forms: {known}")
        return form.render(self.record)

    def to_json(self) -> str:
        """The JSON report.

        Raises:
            BadOption: there is no such form of this report.
        """
        return self.to("json")

    def to_html(self) -> str:
        """The HTML report: one page without links to other files.

        Raises:
            BadOption: there is no such form of this report.
        """
        return self.to("html")

    if not TYPE_CHECKING:  # a type checker would believe in any attribute

        def __getattr__(self, name: str) -> Callable[[], str]:
            """``to_NAME()`` of every further form."""
            form = name.removeprefix("to_")
            if form != name and self.kind and find_format(self.kind, form):
                return lambda: self.to(form)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def to_dataframe(self) -> Any:
        """The rows as a `pandas.DataFrame`.

        Raises:
            PackageMissing: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise PackageMissing(
                "to_dataframe() needs the package pandas; install it, or use rows()"
            ) from error
        return pandas.DataFrame(self.rows())

    def save(self, path: str | Path) -> Path:
        """Write the report in the form that the ending of the file name says.

        Args:
            path: the file.

        Returns:
            The path.

        Raises:
            BadOption: no form has this ending.
            UnwritableOutput: the file cannot be written.
        """
        path = Path(path)
        forms = formats_of([self.kind] if self.kind else [])
        if form := form_by_ending(path.name, forms.values()):
            check_targets([path], [])
            write_whole(path, self.to(form.name))
            return path
        endings = ", ".join(form.suffix for form in forms.values()) or "none"
        raise BadOption(f"{path} ends in none of {type(self).__name__}'s forms: {endings}")

    def __str__(self) -> str:
        """The report as text."""
        return self.to_text()

    def __repr__(self) -> str:
        """The type, and the first line of the text."""
        first = self.to_text().partition("\n")[0]
        return f"<{type(self).__name__} {first}>"

    def _repr_html_(self) -> str:
        """The form that a notebook shows: the page in a frame of its own, or the text."""
        if self.kind and find_format(self.kind, "html"):
            page = html.escape(self.to_html(), quote=True)
            return (
                f'<iframe srcdoc="{page}" sandbox width="100%" height="{PAGE_PIXELS}" '
                'style="border: 0" title="relcheck"></iframe>'
            )
        return f"<pre>{html.escape(self.to_text())}</pre>"


@dataclass(frozen=True, kw_only=True)
class Share:
    """A finished share of a campaign; its figures are reported once all shares are joined.

    Attributes:
        shard: Which share.
        trials: Number of trials that the journal holds.
        cut_short: What ended parts of the share early; empty: the share is complete.
        journal: File that keeps the share.
    """

    shard: Shard
    trials: int
    cut_short: frozenset[Stop]
    journal: Path | None

    @property
    def status(self) -> Status:
        """OK if the share is complete, else undecided."""
        return Status.UNDECIDED if self.cut_short else Status.OK
