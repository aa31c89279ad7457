"""What `relcheck selftest` prints."""

from collections import Counter

from analyzer.campaign.selftest import SelfTest
from analyzer.known_answers.records import Finding
from analyzer.known_answers.suite import SuiteResult
from analyzer.reports.plain import one_line
from analyzer.reports.report import ToolPart
from analyzer.runtime.layout import Layout
from analyzer.space import FaultSpace


def known_answers_text(result: SuiteResult, tool: ToolPart, platform: str) -> str:
    """Versions, one line per topic, what differs in full, and a verdict."""
    width = max(len(t.title) for t in result.topics)
    lines = [
        f"relcheck {tool.version}, ONNX Runtime {tool.onnxruntime}, onnx {tool.onnx}, "
        f"numpy {tool.numpy}, {platform}",
        "known answers:",
    ]
    for topic in result.topics:
        asked = len(topic.findings)
        lines.append(f"  {topic.title:<{width}}  {asked - len(topic.differing)}/{asked}")
    lines += [_difference(f) for f in result.differing]
    if result.passed:
        lines.append(f"PASS: {result.asked} known answers")
    else:
        lines.append(f"FAIL: {len(result.differing)} of {result.asked} known answers differ")
    return "\n".join(lines) + "\n"


def _difference(finding: Finding) -> str:
    answer = finding.answer
    return (
        f"{answer.id} differs ({answer.requirement}): {answer.given}\n"
        f"  expected: {answer.expected}\n"
        f"  found:    {one_line(finding.found)}"
    )


def selftest_text(
    model: str, kind: str, space: FaultSpace, layout: Layout, reloads: int, found: SelfTest
) -> str:
    """The comparison in a few lines, ending in a verdict."""
    routes = Counter(str(layout.routes[t.name]) for t in space.tensors)
    shown = ", ".join(f"{count} {route}" for route, count in sorted(routes.items()))
    lines = [
        f"{model}: {len(space.tensors)} tensors at risk ({shown})",
        f"{found.patterns} patterns ({kind}) with {found.upsets:,} upsets: {found.changed} changed "
        f"the answer, {found.failures} ended in a runtime error, {reloads} were loaded anew",
        f"golden answers {'equal' if found.golden_equal else 'DIFFER'}; weights after the last "
        "trial bit-identical to golden",
    ]
    for mismatch in found.mismatches[:10]:
        names = ", ".join(mismatch.tensors[:3])
        lines.append(f"  pattern {mismatch.index} differs: {mismatch.upsets} upsets in {names}")
    if found.passed:
        lines.append("PASS: live weights and the edited file agree bit for bit")
    else:
        lines.append(f"FAIL: {len(found.mismatches)} of {found.patterns} patterns differ")
    return "\n".join(map(one_line, lines)) + "\n"
