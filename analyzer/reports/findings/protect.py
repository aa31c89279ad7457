"""The findings of a protection plan: its budgets, and what the plan costs beside others."""

from analyzer.reports.findings.parts import VERDICTS, artifacts_of, facts_of, titled
from analyzer.reports.findings.record import Finding, Findings, State, Table
from analyzer.reports.protect.amounts import evidence, saving, unit_sentence, verdict_sentence
from analyzer.reports.protect.record import AlternativePart, BudgetPart, ProtectionPlanReport
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.amounts import number

SHOWN = 20
"""Rules in the table; CSV, HTML and JSON have all."""


def plan_findings(report: ProtectionPlanReport) -> Findings:
    """Findings for a pipeline from a protection plan."""
    checks = tuple(_budget(report, part) for part in report.budgets)
    search = report.search
    return Findings(
        title=titled(checks),
        artifacts=artifacts_of([report.model], report.run),
        version=report.tool.version,
        started=report.run.started,
        seconds=report.run.wall_seconds,
        command=report.run.command,
        checks=checks,
        lead=(verdict_sentence(report), *_protections(report)),
        tables=(_alternatives(report), *_rules(report)),
        notes=(unit_sentence(report), *filter(None, [saving(report)]), *report.notes),
        facts=(
            *facts_of([report.model], report.data, report.tool, report.run),
            ("schemes", ", ".join(search.schemes)),
            ("search", f"seed {search.seed}, {search.survey_trials:,} trials of the survey"),
            *((("target", report.target),) if report.target else ()),
        ),
    )


def _protections(report: ProtectionPlanReport) -> list[str]:
    """The plan of each memory, as ``--protect`` writes it."""
    return [
        f"{f'{region.name}: ' if report.target else ''}--protect {region.protect} "
        f"({figures.si(region.check_bits)} check bits for {figures.si(region.data_bits)} bits)"
        for region in report.regions
    ]


def _budget(report: ProtectionPlanReport, part: BudgetPart) -> Finding:
    found, trials = evidence(part.found, part.bound), sum(r.trials for r in report.regions)
    numbers: dict[str, float | int | str] = {"bound": part.bound, "unit": part.unit}
    if part.found is not None:
        numbers |= part.found.model_dump()
    shown = f"{found} confirmed" if part.found else "not confirmed"
    sentence = (
        f"{part.condition}: {shown}, {number(part.planned)} expected by the survey, "
        f"{number(part.unprotected)} without protection: {VERDICTS[part.verdict]}. "
        f"{trials:,} trials of the confirmation, {report.check_bits:,} check bits, storage "
        f"{_storage(report.overhead)}."
    )
    return Finding(
        rule=f"gate-plan-{part.outcome}",
        name=part.condition,
        state=State(part.verdict),
        sentence=sentence,
        found=found,
        numbers={**numbers, "trials": trials, "check_bits": report.check_bits},
    )


def _storage(overhead: float) -> str:
    return f"+{100.0 * overhead:.3g} %"


def _alternatives(report: ProtectionPlanReport) -> Table:
    unit = report.budgets[0].unit
    heads = (f"expected, {unit}", "check bits", "storage", "SDC", "DUE", "meets the budget")
    return Table("The plan beside others", heads, tuple(map(_alternative, report.alternatives)))


def _alternative(row: AlternativePart) -> tuple[str, ...]:
    return (
        row.name,
        figures.si(row.check_bits),
        _storage(row.overhead),
        number(row.sdc),
        number(row.due),
        "yes" if row.meets else "no",
    )


def _rules(report: ProtectionPlanReport) -> list[Table]:
    """A row per rule; no table without rules."""
    several = len(report.regions) > 1
    rows = [
        (
            f"{rule.region}: {rule.rule}" if several else rule.rule,
            str(rule.tensors),
            figures.si(rule.protected_bits),
            figures.si(rule.check_bits),
            number(rule.sdc_before),
            number(rule.sdc_after),
        )
        for rule in report.rules[:SHOWN]
    ]
    heads = ("rule", "tensors", "bits", "check bits", "SDC before", "SDC after")
    of = f" (of {len(report.rules)})" if len(report.rules) > SHOWN else ""
    return [Table(f"Rules{of}", heads, tuple(rows))] if rows else []
