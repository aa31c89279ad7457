"""The CSV file of a job that ended in an error."""

import csv
import io

from analyzer.reports.failure.record import Failure
from analyzer.reports.shared.terminal_text import one_line

HEADS = ("error", "message", "exit_code", "command")


def failure_csv(failure: Failure) -> str:
    """One line: the slug, the message, the exit code, the command."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADS)
    error = failure.error
    row = (error.slug, one_line(error.message), failure.exit_code, one_line(failure.command))
    writer.writerow(row)
    return stream.getvalue()
