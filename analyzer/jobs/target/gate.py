"""Conditions on a target that are judged afterwards, by the figures of its report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.campaign.events.result import EventFigures
from analyzer.errors import BadGate
from analyzer.gate import Verdict
from analyzer.gate.target import TargetCondition, TargetFigure, parse_target_gate, target_verdict
from analyzer.gate.target_figures import SweptFigures, TargetFigures
from analyzer.gate.target_judge import TargetJudgement, judge_figure
from analyzer.jobs.target.conditions import check_conditions
from analyzer.reports.shared.left_out import gate_scope
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.target.amounts import evidence
from analyzer.reports.target.memory import AmountPart, LossPart, OutcomesPart, RegionPart
from analyzer.reports.target.record import TargetReport
from analyzer.reports.target.verdict import condition_part
from analyzer.stats.events import EventOutcomes
from analyzer.stats.intervals import Interval
from analyzer.targets.exposure import RegionExposure
from analyzer.targets.target import Region


@dataclass(frozen=True, repr=False)
class TargetGateReport:
    """Verdict on one condition on a target or several; true if the verdict is a pass.

    Attributes:
        verdict: One condition that fails fails all; one that is undecided leaves all undecided.
        evidence: Each condition with the interval by which it was judged, and its own verdict.
        scope: What the verdict does not speak of; empty where that is little.
        sentences: Of each condition, its figure as the report shows it.
    """

    verdict: Verdict
    evidence: tuple[TargetJudgement, ...]
    scope: str
    sentences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """True if every condition passes."""
        return self.verdict is Verdict.PASS

    def __bool__(self) -> bool:
        """True if every condition passes."""
        return self.passed

    def __repr__(self) -> str:
        """The verdict and the evidence, in a line per condition."""
        lines = [f"Gate: {self.verdict}", *([self.scope] if self.scope else [])]
        for judged, found in zip(self.evidence, self.sentences, strict=True):
            lines.append(f"  {judged.verdict:<10} {judged.condition!s:<28} {found}")
        return "\n".join(lines)


def judge_target_record(
    record: TargetReport, conditions: Sequence[str | TargetCondition]
) -> TargetGateReport:
    """Judge conditions by the intervals of a finished report on a target.

    Args:
        record: the report.
        conditions: as text or as records, at least one.

    Raises:
        BadGate: there is no condition, one cannot be read, or it needs a raw rate or a severity
            table that the report lacks.
    """
    read = [parse_target_gate(c) if isinstance(c, str) else c for c in conditions]
    if not read:
        raise BadGate("no condition was given; write it like 'sdc_fit <= 10'")
    unrated = [region.name for region in record.regions if region.raw is None]
    check_conditions(read, record.target.name, unrated, _tells_critical(record))
    figures, found = _figures(record), figures_in(record)
    judged = tuple(judge_figure(c, found.get(c.figure), figures) for c in read)
    share = record.model.share_out_of_scope
    verdict = target_verdict([(j.condition, j.verdict) for j in judged], share)
    assert verdict is not None, "there is a condition"
    confidence = record.campaign.interval_confidence
    parts = [condition_part(j, figures, confidence) for j in judged]
    sentences = tuple(map(evidence, parts))
    return TargetGateReport(verdict, judged, gate_scope(record.model), sentences)


def figures_in(record: TargetReport) -> Mapping[TargetFigure, Interval]:
    """The figures that conditions may be about, as far as a report knows them.

    Args:
        record: the report.
    """
    total, figures = record.total, _figures(record)
    parts = {
        TargetFigure.SDC_FIT: total.sdc_fit,
        TargetFigure.DUE_FIT: total.due_fit,
        TargetFigure.CRITICAL_FIT: total.fit.sdc_critical if total.fit else None,
    }
    found = {figure: _interval(part) for figure, part in parts.items()}
    for figure in (TargetFigure.METRIC_EVENT, TargetFigure.METRIC_MEAN):
        found[figure] = figures.interval(figure)
    return {figure: interval for figure, interval in found.items() if interval is not None}


def _tells_critical(record: TargetReport) -> bool:
    """True if a severity table was given, or nothing is known of any region."""
    given = [region.given_event for region in record.regions if region.given_event]
    return not given or any(outcomes.sdc_critical for outcomes in given)


def _figures(record: TargetReport) -> TargetFigures:
    """The regions of a report, as scores in time follow from them."""
    flux = record.environment.flux_factor
    counted = {n: _outcomes(r.given_event) for n, r in enumerate(record.regions) if not r.swept}
    return TargetFigures(
        exposures=[_exposure(region, flux) for region in record.regions],
        golden=record.golden.value,
        events=EventFigures(counted, None, record.campaign.interval_confidence),
        swept={n: _swept(region) for n, region in enumerate(record.regions) if region.swept},
    )


def _exposure(part: RegionPart, flux: float) -> RegionExposure:
    rate = part.raw.fit_per_mbit if part.raw else None
    region = Region.model_construct(name=part.name, raw_fit_per_mbit=rate)
    return RegionExposure(region, part.bits_at_risk, flux, part.window_hours)


def _swept(part: RegionPart) -> SweptFigures:
    rows = {row.moment: row for row in part.swept}
    mean, worst = rows.get("mean"), rows.get("worst")
    return SweptFigures(
        metric_mean=_interval(mean.metric) if mean else None,
        sdc_worst=_interval(worst.sdc) if worst else None,
        due_worst=_interval(worst.due) if worst else None,
    )


def _outcomes(part: OutcomesPart | None) -> EventOutcomes | None:
    if part is None:
        return None
    return EventOutcomes(
        corrected=_known(part.corrected),
        masked=_known(part.masked),
        due=_known(part.due),
        sdc=_known(part.sdc),
        detected=_known(part.detected),
        loss=_known(part.loss),
        sdc_critical=_interval(part.sdc_critical),
    )


def _interval(part: IntervalPart | AmountPart | LossPart | None) -> Interval | None:
    return None if part is None else _known(part)


def _known(part: IntervalPart | AmountPart | LossPart) -> Interval:
    return Interval(part.estimate, part.low, part.high)
