"""The findings of a comparison: that it is finished, and how models differ from the first."""

from collections.abc import Iterator

from analyzer.faults.rates import show_rate
from analyzer.gate.condition import WARN
from analyzer.reports.comparison.gate import why_open
from analyzer.reports.comparison.record import ComparedModelPart, Comparison
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
from analyzer.reports.shared.condition_evidence import evidence_of, wanted_of
from analyzer.reports.shared.signed_numbers import DifferencePart, signed, signed_bounds
from analyzer.reports.shared.waivers import remarks, word


def comparison_findings(comparison: Comparison) -> Findings:
    """Findings for a pipeline from a comparison."""
    parts = [model.model for model in comparison.models]
    rows = [row for model in comparison.models for row in model.rates]
    trials = sum(row.trials for row in rows)
    checks: tuple[Finding, ...] = tuple(_conditions(comparison))
    if not checks:
        checks = (completeness([row.stop for row in rows], "the comparison", trials),)
    return Findings(
        title=titled(checks),
        artifacts=artifacts_of(parts, comparison.run),
        version=comparison.tool.version,
        started=comparison.run.started,
        seconds=comparison.run.wall_seconds,
        command=comparison.run.command,
        checks=checks,
        tables=(_models(comparison), _rates(comparison)),
        notes=(
            f"In brackets: {100 * comparison.plan.confidence:g} % confidence intervals. Less "
            f"{comparison.models[0].label}: the model minus {comparison.models[0].label}, in "
            "points.",
        ),
        facts=facts_of(parts, comparison.data, comparison.tool, comparison.run),
    )


def _conditions(comparison: Comparison) -> Iterator[Finding]:
    """A check per condition and model."""
    labels = [model.label for model in comparison.models]
    first = comparison.models[0]
    for part in comparison.gate.conditions if comparison.gate else ():
        model = comparison.models[labels.index(part.model)]
        row = next(row for row in model.rates if row.rate == part.rate)
        what = f"less {first.model.path} " if part.relative else ""
        evidence = evidence_of(part)
        yield Finding(
            rule=f"gate-{part.metric}{'-regression' if part.relative else ''}",
            name=part.condition.removeprefix(WARN),
            state=State(word(part)),
            level=Level(part.level),
            model=labels.index(part.model),
            sentence=(
                f"{part.metric} of {model.model.path} {what}at bit error rate "
                f"{show_rate(part.rate)}: {evidence}, {100 * comparison.plan.confidence:g} % "
                f"interval; wanted {wanted_of(part)}: {VERDICTS[part.verdict]}. "
                f"{row.trials:,} trials, seed {comparison.plan.seed}. "
                f"{' '.join([*remarks(part), why_open(comparison, part)])}"
            ).rstrip(),
            found=". ".join((f"{part.model}: {evidence}", *remarks(part))),
            numbers={"rate": part.rate, "bound": part.bound, "trials": row.trials},
        )


def _models(comparison: Comparison) -> Table:
    heads = ("model", "file", "size", "bits", "fault-free %")
    rows = (
        (
            m.label,
            m.model.path,
            figures.size(m.file_bytes),
            figures.si(m.model.bits_at_risk),
            figures.UNKNOWN if m.golden is None else figures.percent(m.golden, 2),
        )
        for m in comparison.models
    )
    return Table("Models", heads, tuple(rows))


def _rates(comparison: Comparison) -> Table:
    first = comparison.models[0].label
    metric = comparison.metric and figures.METRIC_NAMES[comparison.metric]
    heads = ["bit error rate", "model"]
    for name in filter(None, (metric, "SDC")):
        heads += [f"{name} %", f"less {first}"]
    rows = tuple(
        tuple(_row(model, index, metric is not None, number))
        for index in range(len(comparison.models[0].rates))
        for number, model in enumerate(comparison.models)
    )
    return Table("Rates", (*heads, "DUE %", "trials"), rows)


def _row(model: ComparedModelPart, index: int, labelled: bool, number: int) -> Iterator[str]:
    row = model.rates[index]
    yield "" if number else show_rate(row.rate)
    yield model.label
    if labelled:
        yield with_bounds(row.metric)
        yield _change(row.difference.metric if row.difference else None)
    yield with_bounds(row.sdc)
    yield _change(row.difference.sdc if row.difference else None)
    yield with_bounds(row.due)
    yield f"{row.trials:,}{'' if row.stop in ('precision', 'decided') else ' *'}"


def _change(part: DifferencePart | None) -> str:
    return "" if part is None else f"{signed(part.estimate)} ({signed_bounds(part)})"
