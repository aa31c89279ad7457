"""``make soak``: kill a run and all its processes at random instants; the report must not change.

Every kill strikes a run that continues what earlier kills left. What it leaves is copied, and the
copy is resumed to its end: its JSON report, without the part that says when and where it was
written, must be that of an undisturbed run. Instants are drawn evenly over the time that an
undisturbed run takes, from a seed.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import finished_blocks
from tests.campaign.processes import session

ROOT = Path(__file__).resolve().parents[1]
SWEEP = ("--rates", "1e-6..1e-4", "--precision", "0.015", "--jobs", "2")

Figures = dict[str, Any]


@dataclass
class Counts:
    """What a soak found.

    Attributes:
        kills: Runs that were killed.
        ends: Runs that ended before they could be.
        early: Kills before there was a journal.
        blocks: Blocks in the journal at each kill.
        different: Numbers of the kills after which the report differed.
    """

    kills: int = 0
    ends: int = 0
    early: int = 0
    blocks: list[int] = field(default_factory=list)
    different: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        """All of it in two lines."""
        midst = [count for count in self.blocks if count]
        mean = sum(midst) / max(1, len(midst))
        return (
            f"{self.kills} kills: {self.early} before there was a journal, {len(midst)} with "
            f"finished blocks in it ({mean:.0f} on average); {self.ends} runs ended before\n"
            f"{self.kills - len(self.different)} of {self.kills} reports are that of the "
            "undisturbed run"
        )


@dataclass(frozen=True)
class Soak:
    """A campaign that is killed.

    Attributes:
        folder: For journals and reports; empty.
        command: Arguments of ``relcheck``, without those of journal and report.
    """

    folder: Path
    command: Sequence[str]

    def start(self, journal: Path) -> "subprocess.Popen[bytes]":
        """The campaign with a journal, in a session of its own."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        return self._process(*self.command, "--journal", str(journal), "--json", str(report))

    def _process(self, *arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "analyzer", *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self.folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def finish(self, process: "subprocess.Popen[bytes]") -> Figures:
        """What a run reports that nobody kills."""
        code = process.wait()
        if code:
            raise RuntimeError(f"an undisturbed run ended with exit code {code}")
        report: Figures = json.loads((self.folder / "report.json").read_text("utf-8"))
        del report["run"]
        return report

    def resume(self, journal: Path) -> Figures:
        """The report of a copy of ``journal`` that is resumed to its end."""
        copy = self.folder / "copy" / journal.name
        shutil.rmtree(copy.parent, ignore_errors=True)
        copy.parent.mkdir()
        for file in journal.parent.glob(journal.name + "*"):
            shutil.copy(file, copy.parent)
        if finished_blocks(copy) is None:
            return self.finish(self.start(copy))
        report = str(self.folder / "report.json")
        return self.finish(self._process("resume", str(copy), "--json", report))

    def run(self, kills: int, seed: int, tell: Callable[[str], None]) -> Counts:
        """Kill so many times."""
        begin, undisturbed = time.monotonic(), self.folder / "undisturbed.db"
        expected = self.finish(self.start(undisturbed))
        duration, whole = time.monotonic() - begin, finished_blocks(undisturbed)
        tell(f"an undisturbed run takes {duration:.2f} s and has {whole} blocks")
        rng, counts, number = random.Random(seed), Counts(), 0
        while counts.kills < kills:
            journal = self.folder / f"run{number}.db"
            instant = rng.uniform(0.0, duration)
            if not _killed(self.start(journal), instant):
                counts.ends += 1
                number += 1
                continue
            blocks = self.judge(journal, expected, counts)
            same = counts.kills not in counts.different
            verdict = "the same report" if same else "ANOTHER REPORT"
            tell(
                f"kill {counts.kills} after {instant:.2f} s, {blocks or 0} blocks kept, resumed: "
                f"{verdict}"
            )
            number += blocks == whole  # no more to lose: begin anew
        return counts

    def judge(self, journal: Path, expected: Figures, counts: Counts) -> int | None:
        """Count a kill, and what is found after it; returns the blocks that it left."""
        counts.kills += 1
        blocks = finished_blocks(journal)
        counts.blocks.append(blocks or 0)
        counts.early += blocks is None
        if self.resume(journal) != expected:
            counts.different.append(counts.kills)
            (self.folder / "copy").rename(self.folder / f"kill{counts.kills}")
        return blocks


def _killed(process: "subprocess.Popen[bytes]", instant: float) -> bool:
    """Kill a run with all its processes after so many seconds; False if it ended before."""
    try:
        process.wait(timeout=instant)
    except subprocess.TimeoutExpired:
        _kill_session(process.pid)
        process.wait()
        return True
    return False


def _kill_session(leader: int) -> None:
    """Kill every process of a session, until there is none."""
    while victims := session(leader):
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def main() -> int:
    """Run the soak; 1 if one report differed."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.soak")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    model = str(ROOT / "models" / "digits_resnet.onnx")
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    soak = Soak(folder, ("run", model, *SWEEP))
    counts = soak.run(asked.kills, asked.seed, lambda line: print(line, flush=True))
    print(counts)
    if counts.different:
        print(f"journals and report after them are kept in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
