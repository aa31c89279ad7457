"""Annotations of GitHub Actions: one line per check, to be printed on standard output.

GitHub shows ten of a kind per step. Checks that decide come first, so that none of these is lost.
"""

from analyzer.reports.findings.record import Finding, Findings, Level, State
from analyzer.reports.pipeline.plain import visible

OPENING = "::notice title=relcheck "
SHOWN = 10
"""Annotations of a kind that GitHub shows."""


def to_annotations(found: Findings) -> str:
    """Render a notice with the result, then what did not pass."""
    command = f"::notice title=relcheck {found.version}::"
    lines = [f"{command}{_data(f'{found.artifacts[0].path}: {found.title}')}"]
    for level in Level:
        told = [check for check in found.told if check.severity is level]
        kept = told if len(told) <= SHOWN else told[: SHOWN - 1]
        lines += [_annotation(found, check) for check in kept]
        if len(kept) < len(told):
            more = len(told) - len(kept)
            lines.append(f"::{level.value} title=relcheck::{_data(f'and {more} more')}")
    return "\n".join(lines) + "\n"


def _annotation(found: Findings, check: Finding) -> str:
    title = check.name if check.state is not State.ERROR else "relcheck"
    place = f" [{check.place}]" if check.place else ""
    path = _property(found.artifact(check).path)
    head = f"::{check.severity.value} file={path},line=1,title={_property(title + place)}::"
    return head + _data(f"{check.state.value}: {check.sentence}")


def _data(text: str) -> str:
    """Text behind the second ``::``; no line of it can be a command of its own."""
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    """The value of a property, which ends at a comma or a colon."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
