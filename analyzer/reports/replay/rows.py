"""Replayed patterns as a table for other programs: one row per pattern."""

from analyzer.reports.pipeline.rows_csv import to_csv as rows_to_csv
from analyzer.reports.replay.record import ReplayReport
from analyzer.reports.tables import Row


def replay_rows(report: ReplayReport) -> list[Row]:
    """One row per pattern, in the order in which they were run."""
    return [
        {
            "injection": part.name,
            "upsets": part.upsets,
            "changed": part.changed,
            "images": part.images,
            "sdc": part.sdc,
            **({"critical_sdc": part.critical_sdc} if report.severity else {}),
            "due": part.due,
            "masked": part.masked,
            "lost": part.lost,
            "outputs_sha256": part.outputs_sha256,
        }
        for part in report.patterns
    ]


def to_csv(report: ReplayReport) -> str:
    """The rows as CSV."""
    return rows_to_csv(replay_rows(report))
