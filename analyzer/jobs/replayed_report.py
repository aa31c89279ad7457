"""The result of a replay."""

from dataclasses import dataclass
from typing import ClassVar

from analyzer.jobs.replayed_patterns import ReplayedPattern
from analyzer.jobs.report import Report, Status
from analyzer.reports.formats import RecordKind
from analyzer.reports.replay.record import ReplayReport
from analyzer.reports.replay.rows import replay_rows
from analyzer.reports.replay.text import to_text, verdict_text
from analyzer.reports.tables import Row


@dataclass(frozen=True, repr=False, kw_only=True)
class ReplayedReport(Report[ReplayReport]):
    """Patterns that were run again.

    Attributes:
        patterns: Their bits, and answers as arrays; empty where the report was read from a file.
    """

    kind: ClassVar[RecordKind | None] = RecordKind.REPLAY

    patterns: tuple[ReplayedPattern, ...] = ()

    @property
    def status(self) -> Status:
        """Failed where a file that was edited, or the report, says otherwise."""
        for part in self.record.patterns:
            if part.edited_file == "different" or part.reproduced is False:
                return Status.FAILED
        return Status.OK

    def to_text(self) -> str:
        """One pattern in detail, or a table of several, 80 columns wide."""
        return to_text(self.record)

    def to_verdict(self) -> str:
        """The patterns that a report, or an edited file, contradicts; empty without any."""
        return verdict_text(self.record)

    def rows(self) -> list[Row]:
        """One row per pattern."""
        return replay_rows(self.record)
