"""Parts that the findings of several jobs have in common: models, facts, and unfinished work."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from analyzer.reports.findings.record import Artifact, Finding, State
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.records import DataPart, IntervalPart, ModelPart, RunPart, ToolPart

VERDICTS = {
    "pass": "the condition is met",
    "fail": "the condition is missed",
    "undecided": "undecided",
}
"""Verdict -> half a sentence."""

COMPLETE = "complete"
"""Rule of a job without gates: that it did all the work that it was asked for."""


def artifacts_of(models: Sequence[ModelPart], run: RunPart) -> tuple[Artifact, ...]:
    """The models of a report; reports of older versions know their names alone.

    Args:
        models: of the report, in its order.
        run: with the paths under which they were named.
    """
    paths = run.models or [PurePosixPath(model.path).name for model in models]
    return tuple(Artifact(path, m.sha256) for path, m in zip(paths, models, strict=True))


def completeness(stops: Sequence[str], what: str, trials: int) -> Finding:
    """The one check of a job without gates.

    Args:
        stops: why each of its parts ended; ``precision`` and ``decided`` are as wished.
        what: the job, as a noun with its article: ``the sweep``.
        trials: that were run.
    """
    short = set(stops) - {"precision", "decided"}
    if not short:
        sentence = f"{what} is complete: {trials:,} trials."
        return Finding(COMPLETE, f"{what} is complete", State.PASS, _capital(sentence))
    why = "the budget ended" if "budget" in short else "it was interrupted"
    sentence = (
        f"{what} is not complete: {why} before the precision that was asked for was reached "
        f"({trials:,} trials)."
    )
    return Finding(COMPLETE, f"{what} is complete", State.UNDECIDED, _capital(sentence))


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def facts_of(
    models: Sequence[ModelPart], data: DataPart, tool: ToolPart, run: RunPart
) -> tuple[tuple[str, str], ...]:
    """Models, data, versions and the command, as pairs of name and value.

    Args:
        models: of the report.
        data: its data set.
        tool: versions.
        run: times and host.
    """
    named = tuple(("model", f"{m.path}, sha256 {m.sha256}") for m in models)
    kind = "inputs" if data.kind == "generated" else "images"
    return (
        *named,
        ("data", f"{data.name}, {data.images} {kind}, sha256 {data.sha256}"),
        (
            "tool",
            f"relcheck {tool.version}, ONNX Runtime {tool.onnxruntime}, {tool.provider}, "
            f"{run.platform}",
        ),
        ("time", f"{run.started}, {run.wall_seconds:,.1f} s, {run.cpu_seconds:,.1f} s of CPU"),
        ("command", run.command),
    )


def with_bounds(part: IntervalPart | None) -> str:
    """A figure with its interval, in percent; a dash without an estimate."""
    return figures.UNKNOWN if part is None else f"{figures.estimate(part)} ({figures.bounds(part)})"


def titled(checks: Sequence[Finding]) -> str:
    """The result of checks in a few words."""
    what = "gate" if any(c.rule.startswith("gate") for c in checks) else "run"
    deciding = {c.state for c in checks if c.severity == "error" or c.state is State.UNDECIDED}
    if State.FAIL in deciding:
        return f"{what} failed"
    if State.UNDECIDED in deciding:
        return "gate undecided" if what == "gate" else "not complete"
    return "gate passed" if what == "gate" else "complete"
