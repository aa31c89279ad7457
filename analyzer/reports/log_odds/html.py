"""Log-odds over methods and data sets as one self-contained page of HTML."""

from markupsafe import Markup

from analyzer.reports.log_odds.chart import log_odds_chart
from analyzer.reports.log_odds.record import LogOddsReport
from analyzer.reports.log_odds.words import change, headline, notes, number, span
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.html_page import render


def log_odds_html(found: LogOddsReport) -> str:
    """Render the report; every text in it is escaped."""
    return render(
        "log_odds.html",
        r=found,
        headline=headline(found),
        notes=list(notes(found)),
        metric=figures.METRIC_NAMES[found.metric],
        chart=Markup(log_odds_chart(found)),
        number=number,
        change=change,
        span=span,
    )
