"""The findings of a vulnerability map: that it is finished, and the tensors that carry most SDC."""

from collections.abc import Iterator

from analyzer.gate.condition import WARN
from analyzer.reports.findings.parts import (
    VERDICTS,
    artifacts_of,
    completeness,
    facts_of,
    titled,
    with_bounds,
)
from analyzer.reports.findings.record import Finding, Findings, Level, State, Table
from analyzer.reports.map.gate import WHOLE, evidence_of, why_open
from analyzer.reports.map.record import AreaPart, MapReport, TensorPart, advice, by_share
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.bound_format import bound_shown
from analyzer.reports.shared.waivers import remarks, word

SHOWN = 20
"""Tensors in the table; CSV, HTML and JSON have all."""


def map_findings(report: MapReport) -> Findings:
    """Findings for a pipeline from a map."""
    stops = [tensor.stop for tensor in report.tensors]
    checks = tuple(_conditions(report)) or (completeness(stops, "the map", report.trials),)
    whole = report.whole
    return Findings(
        title=titled(checks),
        artifacts=artifacts_of([report.model], report.run),
        version=report.tool.version,
        started=report.run.started,
        seconds=report.run.wall_seconds,
        command=report.run.command,
        checks=checks,
        lead=(
            f"One upset anywhere causes SDC with a probability of {with_bounds(whole.sdc)} %, and "
            f"DUE with {with_bounds(whole.due)} %.",
            advice(report),
        ),
        tables=(_tensors(report),),
        notes=(f"In brackets: {100 * report.plan.confidence:g} % confidence intervals.",),
        facts=(
            *facts_of([report.model], report.data, report.tool, report.run),
            ("plan", f"{report.plan.id}, seed {report.plan.seed}, {report.plan.fault}"),
        ),
    )


def _conditions(report: MapReport) -> Iterator[Finding]:
    """A check per condition and part."""
    for part in report.gate.conditions if report.gate else ():
        condition = part.condition.removeprefix(WARN)
        several = part.tensor is None and part.place != WHOLE
        evidence = evidence_of(part)
        yield Finding(
            rule=f"gate-{part.metric}-upset",
            name=f"{condition}: {part.place}" if several else condition,
            state=State(word(part)),
            level=Level(part.level),
            place=part.tensor or "",
            sentence=(
                f"{figures.outcome_name(part.metric)} of one upset in {part.place}: {evidence}, "
                f"{100 * report.plan.confidence:g} % interval; wanted <= "
                f"{bound_shown(part.bound)} %: {VERDICTS[part.verdict]}. {part.trials:,} trials, "
                f"seed {report.plan.seed}, plan {report.plan.id}. "
                f"{' '.join([*remarks(part), why_open(report, part)])}"
            ).rstrip(),
            found=". ".join((evidence, *remarks(part))),
            numbers={"bound": part.bound, "trials": part.trials},
        )


def _tensors(report: MapReport) -> Table:
    ranked = by_share(report)
    rows = [
        (t.name, figures.si(t.bits), *_cells(t), _share(t), f"{t.trials:,}") for t in ranked[:SHOWN]
    ]
    heads = ("tensor", "bits", "SDC %", "DUE %", "share of SDC %", "trials")
    of = f" (of {len(ranked)})" if len(ranked) > SHOWN else ""
    return Table(f"Tensors that carry most SDC{of}", heads, tuple(rows))


def _cells(area: AreaPart) -> tuple[str, str]:
    return with_bounds(area.sdc), with_bounds(area.due)


def _share(tensor: TensorPart) -> str:
    share = tensor.sdc_share
    return figures.UNKNOWN if share is None else figures.percent(share)
