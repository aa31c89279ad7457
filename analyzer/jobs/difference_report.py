"""The result of a comparison of two reports."""

from dataclasses import dataclass
from typing import ClassVar

from analyzer.gate import Verdict
from analyzer.jobs.report import Report, Status, status_of
from analyzer.reports.diff.record import Difference
from analyzer.reports.diff.text import difference_text, verdict_text
from analyzer.reports.formats import RecordKind
from analyzer.reports.tables import Row, difference_rows


@dataclass(frozen=True, repr=False, kw_only=True)
class DifferenceReport(Report[Difference]):
    """A finished comparison of a new report with an old one."""

    kind: ClassVar[RecordKind | None] = RecordKind.DIFFERENCE

    @property
    def verdict(self) -> Verdict:
        """Verdict of the gate; without a gate, a failure if a figure is provably worse."""
        return Verdict(self.record.verdict)

    @property
    def passed(self) -> bool:
        """True if the gate passed or, without a gate, if no figure is provably worse."""
        return self.verdict is Verdict.PASS

    @property
    def status(self) -> Status:
        """OK, failed or undecided, as the verdict."""
        return status_of(self.verdict, complete=True)

    def to_text(self) -> str:
        """The difference as plain text, 80 columns wide."""
        return difference_text(self.record)

    def to_verdict(self) -> str:
        """The gate with its evidence; without one, the sentence that decides."""
        return verdict_text(self.record)

    def rows(self) -> list[Row]:
        """One row per figure."""
        return difference_rows(self.record)
