"""The code-quality report of GitLab: one issue per check that did not pass."""

import json
from typing import Any

from analyzer.reports.findings.record import Finding, Findings, Level, State
from analyzer.reports.pipeline.plain import visible
from analyzer.reports.pipeline.sarif import fingerprint


def to_code_quality(found: Findings) -> str:
    """Render the list of issues; an empty list, if every check passed."""
    issues = [_issue(found, check) for check in found.told]
    return json.dumps(issues, indent=1, ensure_ascii=False) + "\n"


def _issue(found: Findings, check: Finding) -> dict[str, Any]:
    where = f"{visible(check.place)}: " if check.place else ""
    return {
        "description": f"{where}{visible(check.sentence)}",
        "check_name": check.rule,
        "fingerprint": fingerprint(found, check),
        "severity": _severity(check),
        "location": {"path": visible(found.artifact(check).path), "lines": {"begin": 1}},
    }


def _severity(check: Finding) -> str:
    """One of GitLab's five words."""
    if check.state is State.ERROR:
        return "blocker"
    if check.state is State.WAIVED:
        return "info"
    if check.severity is Level.WARNING:
        return "minor"
    return "critical"
