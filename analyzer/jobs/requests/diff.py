"""A request to say how a new report differs from an old one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from analyzer.did_you_mean import meant
from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import Request
from analyzer.reports.formats import RecordKind

ACROSS = (
    *("data", "rule", "metric", "severity", "preprocessing", "batch"),
    *("faults", "selection", "protection", "runtime"),
)
"""Circumstances that may differ, if they are named; `analyzer.jobs.circumstances` has each."""


def _as_words(value: Any) -> Any:
    """Words of a text with commas, or of several texts.

    Raises:
        ValueError: a word is none of `ACROSS`.
    """
    texts: Sequence[Any] = (value,) if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise ValueError(fields.NO_TEXT)
    words = tuple(word.strip().lower() for text in texts for word in text.split(","))
    for word in words:
        if word not in ACROSS:
            raise ValueError(f"use {', '.join(ACROSS)}{meant(word, ACROSS)}")
    return words


class DiffRequest(Request):
    """Two reports of runs, or of maps.

    Attributes:
        old: JSON report of the baseline.
        new: JSON report that is judged.
        gate: Conditions; without any, no figure may be worse.
        waivers: File of conditions that are excused for a while.
        confidence: Coverage of all differences together.
        tolerance: Differences up to this are neither worse nor better, a fraction.
        across: Circumstances in which the two may differ.
        missing_baseline: ``error``, or ``pass`` where there is no old report yet.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.DIFFERENCE

    old: Path
    new: Path
    gate: fields.ComparisonGates = ()
    waivers: Path | None = None
    confidence: fields.Confidence = 0.95
    tolerance: fields.Share = 0.0
    across: Annotated[tuple[str, ...], BeforeValidator(_as_words)] = ()
    missing_baseline: Literal["error", "pass"] = "error"
