"""A comparison as one self-contained page of HTML, readable offline and when printed."""

from markupsafe import Markup

from analyzer.reports.comparison.chart import comparison_chart, difference_chart
from analyzer.reports.comparison.gate import why_open
from analyzer.reports.comparison.record import (
    ComparedModelPart,
    Comparison,
    gained_nothing,
)
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.condition_evidence import evidence_of
from analyzer.reports.shared.html_page import render
from analyzer.reports.shared.severity import SAID, severity_sentence
from analyzer.reports.shared.signed_numbers import signed, signed_bounds
from analyzer.reports.shared.waivers import remarks, word


def comparison_html(comparison: Comparison) -> str:
    """Render a comparison; every text in it is escaped."""
    first = comparison.models[0]
    return render(
        "comparison.html",
        c=comparison,
        first=first,
        metric=comparison.metric and figures.METRIC_NAMES[comparison.metric],
        curves=Markup(comparison_chart(comparison)),
        differences=Markup(difference_chart(comparison)),
        sentences=[sentence(comparison, model) for model in comparison.models[1:]],
        order=sorted(range(len(first.rates)), key=lambda i: first.rates[i].rate),
        gained_nothing=gained_nothing,
        evidence_of=evidence_of,
        why_open=why_open,
        remarks=remarks,
        word=word,
        signed=signed,
        signed_bounds=signed_bounds,
        severity_sentence=severity_sentence,
        severity_said=SAID,
    )


def sentence(comparison: Comparison, model: ComparedModelPart) -> str:
    """The result of one model against the reference, in a sentence.

    Args:
        comparison: of all models.
        model: one of its models, not the reference.
    """
    first = comparison.models[0]
    behind = f", {model.protection.rules}" if model.protection else ""
    name = f"{model.label} ({model.model.path}{behind})"
    part = model.area_difference
    if comparison.metric is None:
        return _of_corruption(first, model, name)
    if part is None:
        return f"{name} and {first.label} were not tried enough at every rate to be compared."
    metric = figures.METRIC_NAMES[comparison.metric]
    found = f"{signed(part.estimate)} points ({signed_bounds(part)})"
    if part.low > 0.0:
        return f"{name} keeps more {metric} than {first.label} over these rates: {found}."
    if part.high < 0.0:
        return f"{name} keeps less {metric} than {first.label} over these rates: {found}."
    return (
        f"{name} and {first.label} cannot be told apart by their mean {metric} over these rates: "
        f"{found}."
    )


def _of_corruption(first: ComparedModelPart, model: ComparedModelPart, name: str) -> str:
    """The sentence without labels: the number of rates with provably less or more SDC."""
    known = [row.difference.sdc for row in model.rates if row.difference is not None]
    parts = [part for part in known if part is not None]
    if len(parts) < len(known):
        return f"{name} and {first.label} were not tried enough at every rate to be compared."
    lower, higher = sum(p.high < 0.0 for p in parts), sum(p.low > 0.0 for p in parts)
    return (
        f"{name} shows less silent corruption than {first.label} at {lower} of {len(parts)} rates, "
        f"more at {higher}; at the others they cannot be told apart."
    )
