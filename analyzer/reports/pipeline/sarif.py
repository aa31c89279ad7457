"""SARIF 2.1.0: one result per check that did not pass.

OASIS asks for little; GitHub's code scanning for more (rules GH1001 and GH1003 of sarif-sdk): a
location with a path relative to the repository and a line from 1 on, though a model has no lines.
Fingerprints hold no measured number, so that a finding stays the same from run to run.
"""

import hashlib
import json
from typing import Any

from analyzer.reports.findings.record import Finding, Findings, State
from analyzer.reports.pipeline.plain import visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
OPENING = f'{{\n "$schema": "{SCHEMA}"'
MOST_RESULTS = 5000
"""GitHub keeps no more."""

RULES = {
    "complete": "The analysis did not finish",
    "error": "The analysis ended in an error",
}
"""Short descriptions of rules that are no gates."""


def to_sarif(found: Findings) -> str:
    """Render a log with one run."""
    told = found.told[:MOST_RESULTS]
    rules = sorted({check.rule for check in told})
    run = {
        "tool": {"driver": _driver(found, rules)},
        "automationDetails": {"id": f"relcheck/{visible(found.artifacts[0].path)}/"},
        "invocations": [_invocation(found)],
        "artifacts": [_artifact(a.path, a.sha256) for a in found.artifacts],
        "results": [_result(found, check, rules) for check in told],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _driver(found: Findings, rules: list[str]) -> dict[str, Any]:
    return {
        "name": "relcheck",
        "version": found.version,
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": RULES.get(rule, _gate_rule(rule))},
                "defaultConfiguration": {"level": "error"},
            }
            for rule in rules
        ],
    }


def _gate_rule(rule: str) -> str:
    return f"The gate on {rule.removeprefix('gate-')} is not passed"


def _invocation(found: Findings) -> dict[str, Any]:
    broken = [check for check in found.checks if check.state is State.ERROR]
    part: dict[str, Any] = {
        "commandLine": visible(found.command),
        "executionSuccessful": not broken,
    }
    if found.exit_code is not None:
        part["exitCode"] = found.exit_code
    if broken:
        part["toolExecutionNotifications"] = [
            {"level": "error", "message": {"text": visible(c.sentence)}} for c in broken
        ]
    return part


def _artifact(path: str, sha256: str) -> dict[str, Any]:
    part: dict[str, Any] = {"location": {"uri": uri(path)}, "mimeType": "application/octet-stream"}
    return {**part, "hashes": {"sha-256": sha256}} if sha256 else part


def uri(path: str) -> str:
    """A relative path as a URI reference; what is no letter of a URI is written as ``%41``.

    >>> uri("models/my net:é.onnx")
    'models/my%20net%3A%C3%A9.onnx'
    """
    from urllib.parse import quote

    return quote(path.encode("utf-8", "replace"), safe="/._-~")


def _result(found: Findings, check: Finding, rules: list[str]) -> dict[str, Any]:
    artifact = found.artifact(check)
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": uri(artifact.path), "index": check.model},
            "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1},
        }
    }
    if check.place:
        location["logicalLocations"] = [
            {"fullyQualifiedName": visible(check.place), "kind": "resource"}
        ]
    part = {
        "ruleId": check.rule,
        "ruleIndex": rules.index(check.rule),
        "level": check.severity.value,
        "message": {"text": f"{visible(artifact.path)}: {visible(check.sentence)}"},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint(found, check)}:1"},
        "properties": dict(check.numbers),
    }
    if check.state is State.WAIVED:
        part["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return part


def fingerprint(found: Findings, check: Finding) -> str:
    """The identity of a finding from run to run: rule, model, check and place, and no number.

    Args:
        found: the report.
        check: one of its checks.
    """
    parts = (check.rule, found.artifact(check).path, check.name, check.place)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
