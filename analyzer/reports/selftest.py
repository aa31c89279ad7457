"""The text of `relcheck selftest`."""

from collections import Counter

from analyzer.faults.space import FaultSpace
from analyzer.known_answers.records import Finding
from analyzer.known_answers.suite import SuiteResult
from analyzer.reports.shared.number_format import bounds, estimate
from analyzer.reports.shared.records import IntervalPart, ToolPart
from analyzer.reports.shared.terminal_text import one_line, wrapped
from analyzer.runtime.layout.layout import Layout
from analyzer.verification.selftest import SelfTest
from analyzer.verification.two_devices import DeviceDifference

VERDICTS = ("PASS: ", "FAIL: ", "NOTHING COMPARED: ")
"""Beginnings of the lines that decide."""


def known_answers_text(result: SuiteResult, tool: ToolPart, platform: str) -> str:
    """Versions, one line per topic, every difference in full, and a verdict.

    Args:
        result: of all topics.
        tool: versions.
        platform: of this machine, in words.
    """
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


CONFIDENCE = 0.95
"""Coverage of the interval of the share of trials with another outcome."""


def verdict_lines(text: str) -> str:
    r"""The verdicts in a text of this module, with their broken lines.

    >>> verdict_lines("tiny.onnx: 3 tensors\nPASS: they\n  agree\n")
    'PASS: they\n  agree\n'
    """
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        inside = line.startswith(VERDICTS) or (inside and line.startswith("  "))
        kept += [line] if inside else []
    return "".join(kept)


def two_devices_text(found: DeviceDifference, device: str) -> str:
    """The effects of the same patterns on a device and on the CPU. Nothing here passes or fails.

    Args:
        found: the comparison.
        device: name of the other device.
    """
    interval = found.share(CONFIDENCE)
    part = IntervalPart(estimate=interval.estimate, low=interval.low, high=interval.high)
    spread = "bit-identical"
    if found.golden_spread:
        spread = f"up to {found.golden_spread:.1e} of their range apart"
    lines = [
        f"{device} against cpu, the same {found.patterns} patterns on {found.images} images each: "
        f"{found.same_bits} answers bit-identical, {found.same_outcomes} differ with the same "
        f"outcome of every image, {found.other_outcomes} with another; fault-free answers {spread}",
        f"share of trials (a pattern on an image) with another outcome: {estimate(part)} % "
        f"(95 % interval {bounds(part)} %)",
    ]
    return "\n".join(wrapped(lines, "  ")) + "\n"


def selftest_text(
    model: tuple[str, str],
    kind: str,
    space: FaultSpace,
    layout: Layout | None,
    reloads: int,
    found: SelfTest,
) -> str:
    """The comparison of live weights with the oracle, in a few lines that end in a verdict.

    Args:
        model: name and SHA-256 of the file.
        kind: the faults of the patterns, in words.
        space: the bits at risk.
        layout: the route of each tensor; None: the engine loads every pattern anew.
        reloads: patterns that were loaded anew.
        found: the comparison.
    """
    shown = "all loaded anew"
    if layout is not None:
        routes = Counter(str(layout.routes[t.name]) for t in space.members)
        shown = ", ".join(f"{count} {route}" for route, count in sorted(routes.items()))
    lines = [
        f"{model[0]}: {len(space.members)} tensors at risk ({shown})",
        f"sha256 {model[1]}",
        f"{found.patterns} patterns ({kind}) with {found.upsets:,} upsets: {found.changed} changed "
        f"the answer, {found.failures} ended in a runtime error, {reloads} were loaded anew",
        f"golden answers {'equal' if found.golden_equal else 'DIFFER'}; weights after the last "
        "trial bit-identical to golden",
    ]
    for mismatch in found.mismatches[:10]:
        names = ", ".join(mismatch.tensors[:3])
        lines.append(f"  pattern {mismatch.index} differs: {mismatch.upsets} upsets in {names}")
    sums = layout.reordered if layout is not None else None
    if sums is not None:
        lines.append(sums.sentence)
    lines.append(_verdict(found, sums is not None))
    return "\n".join(wrapped(lines, "  ")) + "\n"


def _verdict(found: SelfTest, reordered: bool) -> str:
    """The last line of the comparison."""
    if not found.agreed:
        if found.mismatches or not found.golden_equal:
            return f"FAIL: {len(found.mismatches)} of {found.patterns} patterns differ"
        return (
            f"FAIL: {found.decided_otherwise} of {found.patterns} patterns have another outcome "
            "in default sessions"
        )
    if not found.compared:
        return (
            "NOTHING COMPARED: every pattern is run by loading the edited file, so that there is "
            "no faster way to compare with it"
        )
    if not reordered:
        return (
            f"PASS: live weights and the edited file in default sessions agree bit for bit on "
            f"{found.compared} patterns"
        )
    return (
        f"PASS: live weights and the edited file agree bit for bit on {found.compared} patterns in "
        f"sessions that pack no weights; in default sessions {found.rounded} answers are rounded "
        f"otherwise, and {found.decided_otherwise} patterns have another outcome"
    )
