"""The long run: ``python -m tests.fuzz`` (``make fuzz``) tries many cases and prints its counts.

Unlike the test it goes on after a failure. What failed is kept in ``tests/fuzz/found``: the files,
the arguments and what was wrong, to be made a seed (see `tests.fuzz.seeds`) once it is understood.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.cases import FAMILIES, SHARES
from tests.fuzz.client import Case, Ending, Server
from tests.fuzz.promise import broken

FOUND = Path(__file__).parent / "found"
PIECE = 250
"""Cases that one process draws from one seed, before it takes the next piece of work."""

Work = tuple[str, int, int, float]
Counts = dict[str, int]


def main() -> int:
    """Run, print counts; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no case after so long")
    asked = parser.parse_args()
    end = time.time() + 60 * asked.minutes
    total: Counter[str] = Counter()
    with multiprocessing.get_context("spawn").Pool(asked.jobs, maxtasksperchild=1) as pool:
        for done in pool.imap_unordered(_piece, _plan(asked.cases, asked.seed, end)):
            total.update(done)
            print(f"{sum(total.values()):6,} cases", flush=True)
    for what, count in sorted(total.items(), key=lambda item: -item[1]):
        print(f"{count:7,}  {what}")
    failures = sum(n for what, n in total.items() if "BROKEN" in what)
    print(f"{sum(total.values()):,} cases, {failures} broken promises")
    return 1 if failures else 0


def _plan(cases: int, first: int, end: float) -> list[Work]:
    """Pieces of work, families mixed."""
    pieces: list[tuple[float, Work]] = []
    for family, share in SHARES.items():
        left, number = round(cases * share), 0
        while left > 0:
            size = min(PIECE, left)
            pieces.append((number / share, (family, 1000 * first + number, size, end)))
            left, number = left - size, number + 1
    return [work for _, work in sorted(pieces)]


def _piece(work: Work) -> Counts:
    """Run one piece in this process."""
    family, number, size, end = work
    counts: Counter[str] = Counter()

    with Server() as server:

        @seed(number)
        @settings(
            max_examples=size,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(FAMILIES[family]())
        def run(case: Case) -> None:
            if time.time() < end:
                ending = server.run(case)
                problems = broken(case, ending)
                counts[_outcome(family, ending, problems)] += 1
                if problems:
                    _keep(case, ending, problems)

        run()
    return dict(counts)


def _outcome(family: str, ending: Ending, problems: list[str]) -> str:
    name = f"{family}: {ending.code} {ending.slug if ending.code == 2 else ''}".rstrip()
    return f"{name} BROKEN: {problems[0]}" if problems else name


def _keep(case: Case, ending: Ending, problems: list[str]) -> None:
    digest = hashlib.sha256(b"".join(case.files.values())).hexdigest()[:12]
    folder = FOUND / digest
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in case.files.items():
        (folder / name).write_bytes(content)
    about = {
        "arguments": case.arguments,
        "problems": problems,
        "code": ending.code,
        "seconds": ending.seconds,
        "err": ending.err,
        "note": case.note,
    }
    (folder / "about.json").write_text(json.dumps(about, indent=2) + "\n")
