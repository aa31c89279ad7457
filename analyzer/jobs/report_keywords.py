"""Keywords of the Python API for reports that were written, and for lists of models."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from analyzer.gate.difference import AnyCondition
from analyzer.jobs.keywords import PathLike, PreprocessingKeywords


class DiffKeywords(TypedDict, total=False):
    """A comparison of two reports."""

    gate: str | AnyCondition | Sequence[str | AnyCondition] | None
    waivers: PathLike | None
    confidence: float | str | None
    tolerance: float | str | None
    across: str | Sequence[str] | None
    missing_baseline: str | None
    json: PathLike | None
    html: PathLike | None
    csv: PathLike | None
    markdown: PathLike | None
    junit: PathLike | None
    sarif: PathLike | None
    github: PathLike | None
    gitlab: PathLike | None


class LogOddsKeywords(PreprocessingKeywords, total=False):
    """Log-odds of many models over several data sets."""

    images: int | None
    batch: int | None
    seed: int | None
    metric: str | Callable[..., Any] | None
    task: str | Callable[..., Any] | None
    output: str | None
    confidence: float | str | None
    json: PathLike | None
    html: PathLike | None
    csv: PathLike | None
