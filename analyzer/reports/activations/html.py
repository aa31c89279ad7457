"""Distributions of activations as one self-contained page of HTML."""

from markupsafe import Markup

from analyzer.reports.activations import words
from analyzer.reports.activations.chart import distribution_charts, share_charts
from analyzer.reports.activations.record import ActivationsReport
from analyzer.reports.shared.html_page import render


def to_html(report: ActivationsReport) -> str:
    """Render a report; every text in it is escaped."""
    return render(
        "activations.html",
        r=report,
        distributions=[(title, Markup(svg)) for title, svg in distribution_charts(report)],
        shares=[(title, Markup(svg)) for title, svg in share_charts(report)],
        words=words,
        title=_title(report),
    )


def _title(report: ActivationsReport) -> str:
    if len(report.models) == 1:
        return f"Activations of {report.models[0].model.path}"
    return f"Activations of {len(report.models)} models"
