"""Bounds of activations in the text of a plan: the model as it is beside the bounded ones."""

from collections.abc import Iterator

from analyzer.reports.protect.bounds import choice_sentence, ratio, variant_sentence
from analyzer.reports.protect.record import ProtectionPlanReport
from analyzer.reports.protect.variants import VariantPart
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.amounts import number
from analyzer.reports.shared.terminal_text import COLUMNS, table_row, wrapped

ENDS = (26, 36, 48, 70, COLUMNS)
"""Last character of each column of the table of variants."""


def variant_lines(report: ProtectionPlanReport) -> list[str]:
    """The variants in a table, with the reason for the choice; none where no bounds were asked for.

    Args:
        report: the plan.
    """
    if not report.variants:
        return []
    unit, outcome = report.budgets[0].unit, report.budgets[0].outcome.upper()
    metric = next((v.accuracy_metric for v in report.variants if v.accuracy_metric), "")
    name = f"{figures.METRIC_NAMES[metric]} %" if metric else ""
    heads = [f"{outcome}, bare", "behind", "bits more", "latency", name]
    lines = [table_row(heads, ENDS, unit), "─" * COLUMNS]
    lines += [table_row(_cells(v), ENDS, v.word) for v in report.variants if v.sha256 is not None]
    return [*lines, *wrapped(_sentences(report)), ""]


def _cells(variant: VariantPart) -> list[str]:
    harm = variant.harm[0] if variant.harm else None
    behind = harm.planned if harm else None
    return [
        number(harm.unprotected) if harm else "",
        number(behind) if behind is not None else "no plan" if harm else "",
        f"{variant.storage:,}" if variant.storage is not None else "",
        ratio(variant.latency),
        figures.percent(variant.accuracy, 2) if variant.accuracy is not None else "",
    ]


def _sentences(report: ProtectionPlanReport) -> Iterator[str]:
    yield from filter(None, [choice_sentence(report)])
    yield from (variant_sentence(v) for v in report.variants if v.bounds)
    if any(v.latency for v in report.variants):
        yield LATENCY


LATENCY = (
    "Latency: fault-free, one thread, runs of both models by turns; median of the pairs, and their "
    "quartiles."
)
