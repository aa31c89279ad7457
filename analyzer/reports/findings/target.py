"""The findings of a report on a target: its conditions, and its regions."""

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
from analyzer.reports.shared import number_format as figures
from analyzer.reports.target.amounts import amount, amount_bounds, evidence
from analyzer.reports.target.memory import RegionPart
from analyzer.reports.target.record import TargetConditionPart, TargetReport


def target_findings(report: TargetReport) -> Findings:
    """Findings for a pipeline from a report on a target."""
    checks = tuple(_condition(report, part) for part in report.verdict.conditions)
    campaign = report.campaign
    if not checks:
        checks = (completeness([campaign.stop], "the campaign", campaign.trials),)
    lead = (f"Target {report.target.name}. {report.verdict.input_to}", report.verdict.scope)
    return Findings(
        title=titled(checks),
        artifacts=artifacts_of([report.model], report.run),
        version=report.tool.version,
        started=report.run.started,
        seconds=report.run.wall_seconds,
        command=report.run.command,
        checks=checks,
        lead=tuple(filter(None, lead)),
        tables=(_regions(report),),
        notes=(campaign.joint, *filter(None, [report.total.missing])),
        facts=(
            *facts_of([report.model], report.data, report.tool, report.run),
            ("plan", f"{campaign.plan}, seed {campaign.seed}"),
            ("target", f"{report.target.file}, sha256 {report.target.sha256}"),
        ),
    )


def _condition(report: TargetReport, part: TargetConditionPart) -> Finding:
    found, campaign = evidence(part), report.campaign
    requirement = f" Requirement {part.requirement}." if part.requirement else ""
    sentence = (
        f"{part.condition.removeprefix(WARN)}: {found}: {VERDICTS[part.verdict]}.{requirement} "
        f"{campaign.trials:,} trials, seed {campaign.seed}, plan {campaign.plan}, target "
        f"{report.target.name}."
    )
    numbers: dict[str, float | int | str] = {"bound": part.bound, "unit": part.unit}
    if part.evidence is not None:
        numbers |= part.evidence.model_dump()
    return Finding(
        rule=f"gate-{part.figure.replace('_', '-')}",
        name=part.condition.removeprefix(WARN),
        state=State(part.verdict),
        level=Level(part.level),
        sentence=sentence,
        found=found,
        numbers={**numbers, "trials": campaign.trials, "seed": campaign.seed},
    )


def _regions(report: TargetReport) -> Table:
    heads = ("region", "bits", "SDC % given one event", "DUE %", "raw FIT", "FIT of SDC", "trials")
    return Table("Regions", heads, tuple(map(_row, report.regions)))


def _row(region: RegionPart) -> tuple[str, ...]:
    given, fit = region.given_event, region.fit
    return (
        region.name,
        figures.si(region.bits_at_risk),
        with_bounds(given.sdc if given else None),
        with_bounds(given.due if given else None),
        f"{fit.raw:.4g}" if fit else figures.UNKNOWN,
        f"{amount(fit.sdc)} ({amount_bounds(fit.sdc)})" if fit else figures.UNKNOWN,
        f"{region.trials:,}",
    )
