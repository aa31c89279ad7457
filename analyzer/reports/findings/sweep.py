"""The findings of a sweep: its gate, condition by condition, and its rates."""

from analyzer.faults.rates import show_rate
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
from analyzer.reports.shared.bound_format import bound_shown, evidence_shown
from analyzer.reports.shared.waivers import remarks, word
from analyzer.reports.sweep.html import headline
from analyzer.reports.sweep.record import ConditionPart, RatePart, Report
from analyzer.reports.sweep.undecided import why_undecided


def sweep_findings(report: Report) -> Findings:
    """Findings for a pipeline from a sweep."""
    checks = tuple(_condition(report, part) for part in report.gate.conditions)
    if not checks:
        trials = sum(row.trials for row in report.rates)
        checks = (completeness([row.stop for row in report.rates], "the sweep", trials),)
    return Findings(
        title=titled(checks),
        artifacts=artifacts_of([report.model], report.run),
        version=report.tool.version,
        started=report.run.started,
        seconds=report.run.wall_seconds,
        command=report.run.command,
        checks=checks,
        lead=(*_generated(report), headline(report)),
        tables=(_table(report),),
        notes=_notes(report),
        facts=(
            *facts_of([report.model], report.data, report.tool, report.run),
            ("plan", _plan(report)),
        ),
    )


def _condition(report: Report, part: ConditionPart) -> Finding:
    row = next(row for row in report.rates if row.rate == part.rate)
    name = figures.METRIC_NAMES[part.metric] if part.metric == report.golden.metric else None
    evidence = evidence_shown(part.evidence, part.bound, report.plan.confidence)
    sentence = (
        f"{name or figures.outcome_name(part.metric)} at bit error rate "
        f"{show_rate(part.rate)}: {evidence}; "
        f"wanted {part.operator} {bound_shown(part.bound)} %: {VERDICTS[part.verdict]}. "
        f"{row.trials:,} trials on {row.images:,} images, fault-free "
        f"{figures.METRIC_NAMES[report.golden.metric]} "
        f"{figures.percent(report.golden.value, 2)} %, seed {report.plan.seed}, plan "
        f"{report.plan.id}. {why_undecided(report, part)} {' '.join(remarks(part))}"
    ).rstrip()
    return Finding(
        rule=f"gate-{part.metric}",
        name=part.condition.removeprefix(WARN),
        state=State(word(part)),
        level=Level(part.level),
        sentence=sentence,
        found=". ".join((evidence, *remarks(part))),
        numbers=_numbers(part, row, report),
    )


def _numbers(part: ConditionPart, row: RatePart, report: Report) -> dict[str, float | int | str]:
    found: dict[str, float | int | str] = {"rate": part.rate, "bound": part.bound}
    if part.evidence is not None:
        found |= part.evidence.model_dump()
    if part.more_trials is not None:
        found["more_trials"] = part.more_trials
    return {**found, "trials": row.trials, "seed": report.plan.seed, "plan": report.plan.id}


def _generated(report: Report) -> tuple[str, ...]:
    if report.data.kind != "generated":
        return ()
    return ("No data set: inputs are random, judged by agreement with the fault-free model.",)


def _table(report: Report) -> Table:
    metric = figures.METRIC_NAMES[report.golden.metric]
    told = ("critical SDC %",) if report.severity else ()
    heads = ("bit error rate", "upsets", f"{metric} %", "SDC %", *told, "DUE %", "trials")
    rows = (
        (
            show_rate(row.rate),
            figures.flips(row.expected_flips),
            *map(with_bounds, (row.metric, row.sdc)),
            *(with_bounds(row.critical_sdc) for _ in told),
            with_bounds(row.due),
            f"{row.trials:,}{'' if row.stop in ('precision', 'decided') else ' *'}",
        )
        for row in report.rates
    )
    return Table("Rates", heads, tuple(rows))


def _notes(report: Report) -> tuple[str, ...]:
    notes = [f"In brackets: {100 * report.plan.confidence:g} % confidence intervals."]
    short = {row.stop for row in report.rates} - {"precision", "decided"}
    if short:
        why = "the budget ended" if "budget" in short else "it was interrupted"
        notes.append(
            f"* {why} before ±{100 * report.plan.precision:g} points were reached; the interval "
            "is valid, but wider."
        )
    if any(row.metric is None for row in report.rates):
        notes.append(figures.NO_ESTIMATE)
    if any(p and figures.says_nothing(p) for r in report.rates for p in (r.metric, r.sdc, r.due)):
        notes.append(figures.TOO_WIDE)
    return tuple(notes)


def _plan(report: Report) -> str:
    plan = report.plan
    return (
        f"{plan.id}, seed {plan.seed}, {plan.exposure} {plan.fault}, encoding {plan.encoding}, "
        f"batch {plan.batch}, precision ±{100 * plan.precision:g} points"
    )
