"""The one finding of a job that ended in an error."""

from analyzer.reports.failure.record import Failure
from analyzer.reports.findings.record import Artifact, Finding, Findings, State

NO_MODEL = "model"
"""In place of a path where the command line names no model."""


def failure_findings(failure: Failure) -> Findings:
    """Findings for a pipeline from a failure."""
    sentence = f"{failure.error.message} [{failure.error.slug}]"
    check = Finding("error", "relcheck runs to its end", State.ERROR, sentence)
    return Findings(
        title="error, there is no result",
        artifacts=tuple(Artifact(path) for path in failure.models or [NO_MODEL]),
        version=failure.version,
        started=failure.started,
        seconds=0.0,
        command=failure.command,
        checks=(check,),
        lead=(f"{sentence} Nothing was measured; exit code {failure.exit_code}.",),
        facts=(("command", failure.command), ("time", failure.started)),
        exit_code=failure.exit_code,
    )
