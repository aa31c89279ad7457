"""A protection plan as one self-contained HTML page."""

from analyzer.reports.protect.amounts import evidence, saving, unit_sentence, verdict_sentence, why
from analyzer.reports.protect.bounds import (
    choice_sentence,
    chosen_bounds,
    file_sentence,
    ratio,
    variant_sentence,
)
from analyzer.reports.protect.bounds_text import LATENCY
from analyzer.reports.protect.record import ProtectionPlanReport
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.amounts import number
from analyzer.reports.shared.html_page import render


def to_html(report: ProtectionPlanReport) -> str:
    """Render a plan; every text in it is escaped."""
    return render(
        "protect.html",
        report=report,
        metric=figures.METRIC_NAMES[report.golden.metric],
        sentence=verdict_sentence(report),
        unit=unit_sentence(report),
        saving=saving(report),
        amount=number,
        evidence=evidence,
        why=why,
        bounded=chosen_bounds(report.variants),
        choice=choice_sentence(report),
        file_sentence=file_sentence,
        variant_sentence=variant_sentence,
        latency=LATENCY,
        ratio=ratio,
        chosen=[part for part in report.tensors if part.scheme],
    )
