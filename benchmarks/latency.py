"""ResNet-50: seconds from the command to its first finished trial.

A ``relcheck run`` process with its defaults (64 generated images at most, a worker per core, a
journal) is started on a terminal of its own. What it draws there is read until it says that a trial
is finished, which it draws ten times per second. The median of a few starts. Beside it: seconds
until the journal is opened, after which the workers are given the model, and until the first block
of 16 trials is in it.
"""

import os
import pty
import re
import select
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.models import CannotRun, Options, model_file
from benchmarks.processes import finished_blocks, relcheck
from benchmarks.rows import Found, Wanted

STARTS = 3
LOOK_SECONDS, PATIENCE_SECONDS = 0.02, 180.0

SHOWN = re.compile(rb"[1-9][\d,]* trials")
"""What the progress display says once a trial is finished."""


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds since the command.

    Attributes:
        ready: Until the journal was there.
        trial: Until the terminal showed a finished trial.
        block: Until a finished block was in the journal.
    """

    ready: float
    trial: float
    block: float


def find(options: Options, _: Wanted) -> list[Found]:
    """The one row."""
    name = "start-resnet50"
    try:
        model = model_file("resnet50", options)
    except CannotRun as reason:
        return [Found.missing(name, str(reason))]
    started = [start(model) for _ in range(STARTS)]
    details = {
        "seconds_until_workers_start": round(statistics.median(s.ready for s in started), 2),
        "seconds_until_16_trials_in_journal": round(statistics.median(s.block for s in started), 2),
        "starts": STARTS,
    }
    return [Found(name, statistics.median(s.trial for s in started), details=details)]


def start(model: Path, *arguments: str) -> Start:
    """When a run came how far.

    Raises:
        RuntimeError: The run ends, or takes very long, before.
    """
    with tempfile.TemporaryDirectory() as folder, terminal() as (ours, theirs):
        journal = Path(folder, "run.db")
        begin = time.perf_counter()
        ready = trial = None
        shown = b""
        command = ["run", str(model), "--journal", str(journal), *arguments]
        with relcheck(command, stderr=theirs) as process:
            while (now := time.perf_counter() - begin) < PATIENCE_SECONDS:
                blocks = finished_blocks(journal)
                ready = now if ready is None and blocks is not None else ready
                if trial is None:
                    shown += read_now(ours)
                    trial = now if SHOWN.search(shown) else None
                if blocks and trial is not None:
                    return Start(ready or now, trial, now)
                if process.poll() is not None:
                    raise RuntimeError(f"the run ended with exit code {process.returncode}")
                time.sleep(LOOK_SECONDS)
    raise RuntimeError(f"no trial was finished within {PATIENCE_SECONDS:.0f} s")


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal: the end that reads what is drawn, and the end that is drawn on."""
    ours, theirs = pty.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        os.close(theirs)


def read_now(descriptor: int) -> bytes:
    """What can be read without waiting."""
    found = b""
    while select.select([descriptor], [], [], 0)[0]:
        found += os.read(descriptor, 65536)
    return found
