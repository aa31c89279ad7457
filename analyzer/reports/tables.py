"""Reports as tables for other programs: one dictionary per row, fractions and not per cent."""

from analyzer.reports.before_after.hardening import HardeningReport
from analyzer.reports.before_after.quantization import QuantizationReport
from analyzer.reports.comparison.record import ComparedRatePart, Comparison
from analyzer.reports.diff.record import Difference
from analyzer.reports.log_odds.record import LogOddsReport
from analyzer.reports.map.record import MapReport
from analyzer.reports.map.table import cells, heads
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.shared.signed_numbers import DifferencePart
from analyzer.reports.sweep.record import RatePart, Report
from analyzer.reports.training.record import TrainingReport

Row = dict[str, str | int | float | bool | None]


def sweep_rows(report: Report) -> list[Row]:
    """One row per bit error rate, in the order of the report."""
    return [
        {
            "rate": row.rate,
            "expected_flips": row.expected_flips,
            "p_faulty": row.p_faulty,
            "trials": row.trials,
            "images": row.images,
            "stop": row.stop,
            **_interval(report.golden.metric, row.metric),
            **_interval("sdc", row.sdc),
            **_interval("due", row.due),
            **_interval("masked", row.masked),
            **(_critical(row) if report.severity else {}),
        }
        for row in report.rates
    ]


def _critical(row: RatePart | ComparedRatePart) -> Row:
    """Critical and other silent corruption, as six columns."""
    return {
        **_interval("critical_sdc", row.critical_sdc),
        **_interval("noncritical_sdc", row.noncritical_sdc),
    }


def map_rows(report: MapReport) -> list[Row]:
    """One row per tensor, in the order of the file."""
    return [dict(zip(heads(report), cells(report, t), strict=True)) for t in report.tensors]


def comparison_rows(comparison: Comparison) -> list[Row]:
    """One row per model and bit error rate; a reference has no difference."""
    rows: list[Row] = []
    for model in comparison.models:
        for row in model.rates:
            found = row.difference
            rows.append(
                {
                    "model": model.label,
                    "path": model.model.path,
                    "rate": row.rate,
                    "trials": row.trials,
                    "stop": row.stop,
                    **_interval(comparison.metric or "metric", row.metric),
                    **_interval("sdc", row.sdc),
                    **_interval("due", row.due),
                    **_interval("metric_difference", found.metric if found else None),
                    **_interval("sdc_difference", found.sdc if found else None),
                    **_interval("due_difference", found.due if found else None),
                    **(_critical(row) if comparison.severity else {}),
                }
            )
    return rows


def difference_rows(found: Difference) -> list[Row]:
    """One row per figure of two reports."""
    return [
        {
            "figure": figure.metric,
            "rate": figure.rate,
            "tensor": figure.tensor,
            "result": figure.result,
            **_interval("old", figure.old),
            **_interval("new", figure.new),
            **_interval("difference", figure.difference),
        }
        for figure in found.figures
    ]


def log_odds_rows(report: LogOddsReport) -> list[Row]:
    """One row per method, data set and variant."""
    return [
        {
            "method": cell.method,
            "dataset": cell.dataset,
            "variant": cell.variant,
            "models": len(cell.models),
            "images": sum(model.images for model in cell.models),
            report.metric: cell.accuracy,
            "log_odds": cell.log_odds,
            "adjusted": cell.adjusted,
        }
        for cell in report.cells
    ]


def hardening_rows(report: HardeningReport) -> list[Row]:
    """One row per activation: its bound, or the reason why it has none."""
    bounded: list[Row] = [
        {"value": s.value, "kind": s.kind, "low": s.low, "high": s.high, "reason": None}
        for s in report.sites
    ]
    left: list[Row] = [
        {"value": n.value, "kind": n.kind, "low": None, "high": None, "reason": n.reason}
        for n in report.not_applied
    ]
    return bounded + left


def quantization_rows(report: QuantizationReport) -> list[Row]:
    """One row per operator and arithmetic: how many nodes of the quantized model run in it."""
    counts = (("integer", report.integer), ("other", report.other))
    return [
        {"operator": operator, "arithmetic": name, "nodes": count}
        for name, found in counts
        for operator, count in found.items()
    ]


def _interval(name: str, part: IntervalPart | DifferencePart | None) -> Row:
    """A figure and its interval as three columns."""
    if part is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: part.estimate, f"{name}_low": part.low, f"{name}_high": part.high}


def training_rows(report: TrainingReport) -> list[Row]:
    """One row per epoch."""
    return [
        {
            "epoch": done.epoch,
            "loss": done.loss,
            "learning_rate": done.learning_rate,
            **{f"validation_{name}": value for name, value in done.validation.items()},
            "best": done.best,
            "seconds": done.seconds,
        }
        for done in report.epochs
    ]
