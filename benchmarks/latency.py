"""ResNet-50: seconds from the command to its first finished trials.

A ``relcheck run`` process with its defaults (64 generated images, a worker per core, a journal) is
started and its journal read until the first block is in it: 16 trials. The median of a few starts.
"""

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.models import CannotRun, Options, model_file
from benchmarks.processes import finished_blocks, relcheck
from benchmarks.rows import Found, Wanted

STARTS = 3
LOOK_SECONDS, PATIENCE_SECONDS = 0.02, 180.0


def find(options: Options, _: Wanted) -> list[Found]:
    """The one row."""
    name = "start-resnet50"
    try:
        model = model_file("resnet50", options)
    except CannotRun as reason:
        return [Found.missing(name, str(reason))]
    started = [start(model) for _ in range(STARTS)]
    first, ready = (statistics.median(column) for column in zip(*started, strict=True))
    details = {"seconds_until_workers_start": round(ready, 2), "starts": STARTS, "trials": 16}
    return [Found(name, first, details=details)]


def start(model: Path, *arguments: str) -> tuple[float, float]:
    """Seconds to the first finished block, and to the journal, which precedes the workers.

    Raises:
        RuntimeError: The run ends, or takes very long, before.
    """
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder, "run.db")
        begin = time.perf_counter()
        ready = None
        with relcheck(["run", str(model), "--journal", str(journal), *arguments]) as process:
            while (now := time.perf_counter() - begin) < PATIENCE_SECONDS:
                blocks = finished_blocks(journal)
                if ready is None and blocks is not None:
                    ready = now
                if blocks:
                    return now, ready or now
                if process.poll() is not None:
                    raise RuntimeError(f"the run ended with exit code {process.returncode}")
                time.sleep(LOOK_SECONDS)
    raise RuntimeError(f"no trial was finished within {PATIENCE_SECONDS:.0f} s")
