"""Log-odds of many models over several data sets as data: the JSON file."""

from typing import Annotated, Literal

from pydantic import Field

from analyzer.reports.shared.records import (
    Count,
    Digest,
    Fraction,
    IntervalPart,
    LabelledMetricName,
    Name,
    ReportRecord,
    ToolPart,
    as_json,
    as_schema,
)

FORMAT_VERSION: Literal["1.0"] = "1.0"
UNPROTECTED = "unprotected"
"""Variant of a model whose activations have no bounds of relcheck."""

LogOdds = Annotated[float, Field(allow_inf_nan=False)]


class JudgedModelPart(ReportRecord):
    """One model on its data set.

    ``accuracy`` is the fault-free figure with the interval of a sample of so many images, where it
    is a share of images; where scores are fractions, the interval is absent. ``half_added``: all
    images are right or all are wrong, so that half an image was added to both.
    """

    model: Name
    model_sha256: Digest
    data: Name
    data_sha256: Digest
    images: Count
    accuracy: Fraction
    interval: IntervalPart | None
    log_odds: LogOdds
    half_added: bool
    fed: str
    remarks: list[Name]


class CellPart(ReportRecord):
    """A method on a data set, in one variant.

    ``log_odds`` is the mean over ``models``, which are several where a training was repeated;
    ``adjusted`` is the same less the mean of the data set over methods (equation 7).
    """

    method: Name
    dataset: Name
    variant: Name
    models: list[JudgedModelPart]
    accuracy: Fraction
    log_odds: LogOdds
    adjusted: LogOdds


class MeanLogOddsPart(ReportRecord):
    """A method in one variant, over all data sets.

    ``error``: standard error of the mean once the difficulty of the data sets is removed, corrected
    by equation 8; absent with one data set or one method, and ``low`` and ``high`` with it.
    """

    method: Name
    variant: Name
    log_odds: LogOdds
    error: float | None
    low: float | None
    high: float | None
    accuracy: Fraction


class EffectPart(ReportRecord):
    """A variant of a method less the method unprotected, data set by data set.

    ``relative_loss``: mean over data sets of the share of the accuracy that the variant loses.
    """

    method: Name
    variant: Name
    log_odds: LogOdds
    error: float | None
    low: float | None
    high: float | None
    relative_loss: float


class LinePart(ReportRecord):
    """The least-squares line through the means of the first variant, over ``x``."""

    slope: float
    intercept: float
    explained: float


class LogOddsReport(ReportRecord):
    """Log-odds of all models that were listed.

    ``places``: of each method on the horizontal axis; empty: nobody gave any.
    """

    format_version: Literal["1.0"] = FORMAT_VERSION
    kind: Literal["log-odds"] = "log-odds"
    tool: ToolPart
    listed: Name
    metric: LabelledMetricName
    confidence: Fraction
    methods: list[Name]
    datasets: list[Name]
    variants: list[Name]
    places: dict[str, float]
    cells: list[CellPart]
    means: list[MeanLogOddsPart]
    effects: list[EffectPart]
    line: LinePart | None
    assumptions: list[str]
    started: str
    wall_seconds: float
    command: Name


def log_odds_json(found: LogOddsReport) -> str:
    """The JSON form."""
    return as_json(found)


def log_odds_schema() -> str:
    """The published JSON Schema."""
    return as_schema(LogOddsReport, f"relcheck log-odds, format {FORMAT_VERSION}")
