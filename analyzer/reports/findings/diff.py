"""The findings of a difference between two reports: its gate, or that no figure is worse."""

from collections.abc import Iterator

from analyzer.faults.rates import show_rate
from analyzer.gate.condition import WARN
from analyzer.reports.diff.record import DiffConditionPart, Difference, DiffFigurePart, DiffSidePart
from analyzer.reports.diff.text import shown_figures
from analyzer.reports.diff.words import (
    fault_free,
    figure_name,
    headline,
    notes,
    place,
    why_open,
)
from analyzer.reports.findings.parts import VERDICTS, titled, with_bounds
from analyzer.reports.findings.record import Artifact, Finding, Findings, Level, State, Table
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.condition_evidence import evidence_of, wanted_of
from analyzer.reports.shared.signed_numbers import signed, signed_bounds
from analyzer.reports.shared.waivers import remarks, word


def difference_findings(found: Difference) -> Findings:
    """Findings for a pipeline from a difference."""
    checks = tuple(_conditions(found)) or (_no_worse(found),)
    said = fault_free(found)
    return Findings(
        title=titled(checks),
        artifacts=(Artifact(found.new.model, found.new.model_sha256),),
        version=found.version,
        started=found.started,
        seconds=0.0,
        command=found.command,
        checks=checks,
        lead=(*found.told, headline(found), *([said] if said else [])),
        tables=(_table(found),),
        notes=tuple(notes(found)),
        facts=tuple(_facts(found)),
    )


def _no_worse(found: Difference) -> Finding:
    """The check of a difference without a gate."""
    tensors = [f.tensor for f in found.figures if f.result == "worse" and f.tensor]
    return Finding(
        rule="gate-regression",
        name="no figure is significantly worse than in the old report",
        state=State(found.verdict),
        sentence=" ".join((*found.told, headline(found))),
        found=headline(found),
        place=tensors[0] if len(tensors) == 1 else "",
        numbers={"together": found.together, "tolerance": found.tolerance},
    )


def _conditions(found: Difference) -> Iterator[Finding]:
    for part in found.gate.conditions if found.gate else ():
        said = [*remarks(part), why_open(part)]
        yield Finding(
            rule=f"gate-{part.metric}{'-regression' if part.relative else ''}",
            name=part.condition.removeprefix(WARN),
            state=State(word(part)),
            level=Level(part.level),
            sentence=" ".join(filter(None, (*found.told, _sentence(found, part), *said))),
            found=". ".join((evidence_of(part), *remarks(part))),
            numbers=_numbers(part),
        )


def _sentence(found: Difference, part: DiffConditionPart) -> str:
    less = f" less that of {found.baseline}" if part.relative else ""
    each = 100 * (found.gate.each if found.gate else found.each)
    return (
        f"{figure_name(part.metric)} of {found.new.model} ({found.new.report}){less} at bit error "
        f"rate {show_rate(part.rate)}: {evidence_of(part)}, {each:.4g} % interval; wanted "
        f"{wanted_of(part)}: {VERDICTS[part.verdict]}."
    )


def _numbers(part: DiffConditionPart) -> dict[str, float | int | str]:
    found: dict[str, float | int | str] = {"rate": part.rate, "bound": part.bound}
    if part.evidence is not None:
        found |= part.evidence.model_dump()
    if part.more_trials is not None:
        found["more_trials"] = part.more_trials
    return found


def _table(found: Difference) -> Table:
    what = "bit error rate" if found.of == "sweeps" else "memory"
    heads = (what, "figure", "old %", "new %", "new less old, points", "")
    return Table("Figures", heads, tuple(map(_row, shown_figures(found))))


def _row(figure: DiffFigurePart) -> tuple[str, ...]:
    change, part = figures.UNKNOWN, figure.difference
    if part is not None:
        change = f"{signed(part.estimate)} ({signed_bounds(part)})"
    result = figure.result if figure.result in ("worse", "better") else ""
    sides = (with_bounds(figure.old), with_bounds(figure.new))
    return place(figure), figure_name(figure.metric), *sides, change, result


def _facts(found: Difference) -> Iterator[tuple[str, str]]:
    for name, side in (("old", found.old), ("new", found.new)):
        if side is not None:
            yield name, _side(side)
    if found.across:
        yield "allowed to differ", ", ".join(found.across)
    yield "tool", f"relcheck {found.version}"
    yield "time", found.started
    yield "command", found.command


def _side(side: DiffSidePart) -> str:
    return (
        f"{side.report}: {side.model}, sha256 {side.model_sha256}; {side.data}; {side.trials:,} "
        f"trials, seed {side.seed}, plan {side.plan_id}; relcheck {side.version}, ONNX Runtime "
        f"{side.onnxruntime}, {side.provider}; {side.started}"
    )
