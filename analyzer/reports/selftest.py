"""What `relcheck selftest` prints."""

from collections import Counter

from analyzer.campaign.selftest import SelfTest
from analyzer.runtime.layout import Layout
from analyzer.space import FaultSpace


def selftest_text(
    name: str, space: FaultSpace, layout: Layout, reloads: int, found: SelfTest
) -> str:
    """The comparison in a few lines, ending in a verdict."""
    routes = Counter(str(layout.routes[t.name]) for t in space.tensors)
    shown = ", ".join(f"{count} {route}" for route, count in sorted(routes.items()))
    lines = [
        f"{name}: {len(space.tensors)} tensors at risk ({shown})",
        f"{found.patterns} patterns with {found.upsets:,} upsets: {found.changed} changed the "
        f"answer, {found.failures} ended in a runtime error, {reloads} were loaded anew",
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
    return "\n".join(lines) + "\n"
