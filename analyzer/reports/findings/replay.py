"""The findings of a replay: that edited files, and the report, say the same."""

from collections.abc import Iterator

from analyzer.reports.findings.parts import COMPLETE, artifacts_of, facts_of
from analyzer.reports.findings.record import Finding, Findings, State, Table
from analyzer.reports.replay.record import PatternPart, ReplayReport

SHOWN = 40
"""Patterns in the table; CSV and JSON have all."""


def replay_findings(report: ReplayReport) -> Findings:
    """Findings for a pipeline from patterns that were run again."""
    checks = tuple(_checks(report)) or (_done(report),)
    failed = any(check.state is State.FAIL for check in checks)
    harmful = sum(part.sdc > 0 for part in report.patterns)
    found = sum(part.due > 0 for part in report.patterns)
    return Findings(
        title="replay differs" if failed else "replay agrees" if _checked(report) else "replayed",
        artifacts=artifacts_of([report.model], report.run),
        version=report.tool.version,
        started=report.run.started,
        seconds=report.run.wall_seconds,
        command=report.run.command,
        checks=checks,
        lead=(
            f"{len(report.patterns):,} patterns of {report.plan.source}: {harmful:,} with SDC on "
            f"some image, {found:,} with DUE on some image.",
        ),
        tables=(_patterns(report),),
        facts=(
            *facts_of([report.model], report.data, report.tool, report.run),
            ("faults", f"{report.plan.fault}, encoding {report.plan.encoding}"),
        ),
    )


def _checked(report: ReplayReport) -> bool:
    """True if there was something to compare with."""
    return any(part.edited_file or part.reproduced is not None for part in report.patterns)


def _done(report: ReplayReport) -> Finding:
    """The one check of patterns that nothing was compared with."""
    sentence = f"The replay is complete: {len(report.patterns):,} patterns."
    return Finding(COMPLETE, "the replay is complete", State.PASS, sentence)


def _checks(report: ReplayReport) -> Iterator[Finding]:
    """One check per pattern and comparison."""
    for part in report.patterns:
        if part.edited_file is not None:
            same = part.edited_file == "same"
            yield Finding(
                rule="replay-edited-file",
                name=f"{part.name}: an edited file gives the same outputs",
                state=State.PASS if same else State.FAIL,
                sentence=f"{part.name}: a copy of the file with these bits changed gives "
                f"{'the same' if same else 'other'} outputs.",
                found=f"SHA-256 {part.outputs_sha256}",
            )
        if part.reproduced is not None:
            yield Finding(
                rule="replay-outcomes",
                name=f"{part.name}: the outcomes are those of the report",
                state=State.PASS if part.reproduced else State.FAIL,
                sentence=f"{part.name}: the outcomes are "
                f"{'' if part.reproduced else 'not '}those of the report: {_outcomes(part)}.",
                found=_outcomes(part),
            )


def _outcomes(part: PatternPart) -> str:
    return f"{part.images:,} images, {part.sdc:,} SDC, {part.due:,} DUE, {part.masked:,} masked"


def _patterns(report: ReplayReport) -> Table:
    heads = ("pattern", "upsets", "changed values", "images", "SDC", "DUE", "masked")
    rows = tuple(
        (
            part.name,
            *(
                f"{count:,}"
                for count in (
                    *(part.upsets, part.changed, part.images),
                    *(part.sdc, part.due, part.masked),
                )
            ),
        )
        for part in report.patterns[:SHOWN]
    )
    of = f" (of {len(report.patterns):,})" if len(report.patterns) > SHOWN else ""
    return Table(f"Patterns{of}", heads, rows)
