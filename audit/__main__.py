"""``python -m audit``: brute force in default sessions against the figures of ``relcheck``."""

import argparse
import os
import signal
import sys
import tempfile
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from audit.cases import FULL, QUICK
from audit.examine import Bench, Findings
from audit.judgement import FALSE_ALARM, Group, criteria
from audit.tool import AuditError, Tool

MODELS = Path(__file__).parents[1] / "models"


def main() -> int:
    """0: the figures agree; 1: they do not; 2: the audit could not be run."""
    parser = argparse.ArgumentParser(prog="python -m audit", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less than a minute instead of four")
    parser.add_argument(
        "--only", default="", help="cases in whose record (audit/cases.py) this occurs"
    )
    parser.add_argument("--seed", type=int, default=0, help="of brute force and of relcheck")
    parser.add_argument("--relcheck", default="relcheck", help="the command under audit")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    wanted = parser.parse_args()
    cases = [c for c in (QUICK if wanted.quick else FULL) if wanted.only in repr(c)]
    if not cases:
        parser.error(f"{wanted.only!r} occurs in no case")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else processes would be left
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            tool = Tool(Path(folder), wanted.jobs, wanted.relcheck)
            bench = Bench(MODELS, Path(folder), wanted.jobs, wanted.seed, tool)
            try:
                for case in cases:
                    for group in bench.examine(case):
                        _show(group)
            finally:
                bench.brute.close()
        except AuditError as error:
            print(f"audit: {error}", file=sys.stderr)
            return 2
        except BrokenProcessPool:
            print("audit: a fault pattern killed a process of brute force", file=sys.stderr)
            return 2
    right = _conclude(bench.findings)
    spent = os.times()
    cpu = spent.user + spent.system + spent.children_user + spent.children_system
    clock = time.monotonic() - began
    print(f"\n{bench.findings.patterns:,} patterns, {clock:.0f} s, {cpu:.0f} s of CPU time")
    return 0 if right else 1


def _show(group: Group) -> None:
    print(
        f"\n{group.case}\n  {'':22} {'relcheck':>9}  {'95 % interval':^17}"
        f"  {'brute force':^17}     z"
    )
    for score in group.scores:
        figure, brute = score.figure, score.brute
        interval = f"{figure.low:8.4f} {figure.high:8.4f}"
        plain = f"{brute.value:8.4f} ± {brute.error:.4f}"
        print(f"  {score.quantity:22} {figure.value:9.4f}  {interval}  {plain} {score.z:5.2f}")
    sys.stdout.flush()


def _conclude(findings: Findings) -> bool:
    """The verdict, printed with its reasons."""
    print("\nexact:")
    for fact in findings.facts:
        sign = "ok   " if fact.right else "WRONG"
        said = f"{fact.found}" if fact.right else f"{fact.found}, not {fact.expected}"
        print(f"  {sign} {fact.what}: {said}")
    right = all(fact.right for fact in findings.facts)
    if findings.groups:
        scores = [score for group in findings.groups for score in group.scores]
        beyond = sum(abs(score.z) > 3 for score in scores)
        print(f"\n{len(scores)} z-scores in {len(findings.groups)} groups, {beyond} with |z| > 3")
        for criterion in criteria(findings.groups):
            sign = "ok   " if criterion.met else "WRONG"
            print(f"  {sign} {criterion.name}: {criterion.found:.2f} (by chance up to", end=" ")
            print(f"{criterion.allowed:.2f})")
            right &= criterion.met
        print(f"A faultless tool fails with probability {FALSE_ALARM:g} at most.")
    print(f"\n{'PASS' if right else 'FAIL'}: the figures {'' if right else 'do not '}agree")
    return right


if __name__ == "__main__":
    sys.exit(main())
