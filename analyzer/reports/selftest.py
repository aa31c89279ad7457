"""What `relcheck selftest` prints."""

from collections import Counter
from collections.abc import Iterable
from textwrap import TextWrapper

from analyzer.faults.space import FaultSpace
from analyzer.known_answers.records import Finding
from analyzer.known_answers.suite import SuiteResult
from analyzer.reports.shared.number_format import bounds, estimate
from analyzer.reports.shared.records import IntervalPart, ToolPart
from analyzer.reports.shared.terminal_text import one_line
from analyzer.runtime.layout.layout import Layout
from analyzer.verification.selftest import SelfTest
from analyzer.verification.two_devices import DeviceDifference


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


def _wrapped(lines: Iterable[str]) -> str:
    """Lines of 80 columns, broken at spaces; what follows a break is indented."""
    fill = TextWrapper(80, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(part for line in lines for part in fill.wrap(one_line(line))) + "\n"


CONFIDENCE = 0.95
"""Of the interval of the share of trials with another outcome."""


def apart_text(found: DeviceDifference, device: str) -> str:
    """What the same patterns did on a device and on the CPU. Nothing here passes or fails."""
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
    return _wrapped(lines)


def selftest_text(
    model: tuple[str, str],
    kind: str,
    space: FaultSpace,
    layout: Layout | None,
    reloads: int,
    found: SelfTest,
) -> str:
    """The comparison in a few lines, ending in a verdict; ``model``: its name and its digest."""
    shown = "all loaded anew"
    if layout is not None:
        routes = Counter(str(layout.routes[t.name]) for t in space.tensors)
        shown = ", ".join(f"{count} {route}" for route, count in sorted(routes.items()))
    lines = [
        f"{model[0]}: {len(space.tensors)} tensors at risk ({shown})",
        f"sha256 {model[1]}",
        f"{found.patterns} patterns ({kind}) with {found.upsets:,} upsets: {found.changed} changed "
        f"the answer, {found.failures} ended in a runtime error, {reloads} were loaded anew",
        f"golden answers {'equal' if found.golden_equal else 'DIFFER'}; weights after the last "
        "trial bit-identical to golden",
    ]
    for mismatch in found.mismatches[:10]:
        names = ", ".join(mismatch.tensors[:3])
        lines.append(f"  pattern {mismatch.index} differs: {mismatch.upsets} upsets in {names}")
    if found.passed:
        compared = "live weights and the edited file" if layout else "two loads of each edited file"
        lines.append(f"PASS: {compared} agree bit for bit")
    else:
        lines.append(f"FAIL: {len(found.mismatches)} of {found.patterns} patterns differ")
    return _wrapped(lines)
