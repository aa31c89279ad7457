"""The HTML page of a job that ended in an error."""

from analyzer.reports.failure.record import Failure
from analyzer.reports.shared.html_page import render


def failure_html(failure: Failure) -> str:
    """Render a failure; every text in it is escaped."""
    return render("failure.html", failure=failure)
