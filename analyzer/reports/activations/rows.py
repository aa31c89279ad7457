"""Distributions of activations as a table: a row per model, activation and rate."""

from analyzer.reports.activations.record import (
    ActivationPart,
    ActivationsReport,
    DistributionPart,
    ModelActivationsPart,
    value_of,
)
from analyzer.reports.tables import Row


def activation_rows(report: ActivationsReport) -> list[Row]:
    """One row per model, activation and rate; the rate is 0 without faults."""
    return [row for model in report.models for row in _model_rows(model)]


def _model_rows(model: ModelActivationsPart) -> list[Row]:
    rows = [_row(model, site, site.golden, 0.0, 0) for site in model.sites]
    for rate in model.rates:
        found = zip(model.sites, rate.sites, strict=False)
        rows += [_row(model, site, part, rate.rate, rate.patterns) for site, part in found]
    return rows


def _row(
    model: ModelActivationsPart,
    site: ActivationPart,
    found: DistributionPart,
    rate: float,
    patterns: int,
) -> Row:
    return {
        "model": model.label,
        "path": model.model.path,
        "activation": site.value,
        "kind": site.kind,
        "rate": rate,
        "patterns": patterns,
        "numbers": found.numbers,
        "mean": value_of(found.mean),
        "first_quartile": value_of(found.first_quartile),
        "median": value_of(found.median),
        "third_quartile": value_of(found.third_quartile),
        "minimum": value_of(found.minimum),
        "maximum": value_of(found.maximum),
        "zeros": found.zeros,
        "nan": found.nan,
        "infinite": found.infinite,
        "threshold_low": None if site.threshold.low is None else value_of(site.threshold.low),
        "threshold_high": value_of(site.threshold.high),
        "threshold_origin": site.threshold.origin,
        "beyond": found.beyond.estimate,
        "beyond_low": found.beyond.low,
        "beyond_high": found.beyond.high,
    }
