"""A model before and after a change, side by side: accuracy, latency, size."""

from pathlib import PurePath
from textwrap import wrap

from pydantic import BaseModel, ConfigDict, Field

from analyzer.reports.shared.number_format import METRIC_NAMES, percent, si
from analyzer.reports.shared.records import MetricName

COLUMNS = 80


class ReportRecord(BaseModel):
    """A part of a report that is plain data."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FilePart(ReportRecord):
    """One of the two models."""

    path: str
    sha256: str
    bytes: int = Field(ge=0)


class EffectPart(ReportRecord):
    """The fault-free metric of both models on one data set."""

    data: str
    images: int
    labelled: bool
    metric: MetricName
    before: float
    after: float
    decision: str = ""
    fed: str = ""
    remarks: tuple[str, ...] = ()


class LatencyPart(ReportRecord):
    """Seconds of one run, measured side by side.

    ``ratio``: median over pairs of runs, after over before; ``ratio_low`` and ``ratio_high``: its
    quartiles.
    """

    images: int
    before: float
    after: float
    ratio: float
    ratio_low: float
    ratio_high: float
    pairs: int


class BeforeAfterPart(ReportRecord):
    """The model before (``model``) and after (``twin``) the change."""

    model: FilePart
    twin: FilePart
    effect: EffectPart
    latency: LatencyPart


def title_line(twins: BeforeAfterPart) -> str:
    """The names of both files, e.g. ``a.onnx -> b.onnx``."""
    before, after = (PurePath(part.path).name for part in (twins.model, twins.twin))
    return f"{before} -> {after}"


def _fed_lines(effect: EffectPart) -> list[str]:
    """The lines that say what both models were fed, and what else must be known of it."""
    told = [f"Fed: {effect.fed}."] if effect.fed else []
    told += [f"Note: {remark}." for remark in effect.remarks]
    return [line for text in told for line in wrap(text, COLUMNS)]


def before_after_lines(twins: BeforeAfterPart) -> list[str]:
    """Three figures before and after, and how they were measured."""
    effect, latency = twins.effect, twins.latency
    metric = METRIC_NAMES[effect.metric]
    growth = twins.twin.bytes - twins.model.bytes
    return [
        f"{'':<28}{'before':>12}{'after':>12}",
        f"{'fault-free ' + metric + ' %':<28}{percent(effect.before, 2):>12}"
        f"{percent(effect.after, 2):>12}",
        f"{'latency of one run, ms':<28}{latency.before * 1e3:>12.3f}{latency.after * 1e3:>12.3f}"
        f"   x {latency.ratio:.2f}",
        f"{'file, bytes':<28}{si(twins.model.bytes):>12}{si(twins.twin.bytes):>12}   {growth:+,}",
        "",
        f"Judged on {effect.images:,} images of {effect.data}.",
        *(wrap(f"Decision: {effect.decision}.", COLUMNS) if effect.decision else []),
        *_fed_lines(effect),
        f"Latency: {latency.images} image{'s' * (latency.images != 1)} a run, ONNX Runtime's own "
        f"options, one thread, {latency.pairs:,} pairs.",
    ]
