"""ResNet-50: peak memory of a sweep, of the process and its workers together.

What all processes hold together is looked at some 20 times per second, while a real ``relcheck
run`` sweeps its default rates on its default data for a limited CPU time: what is held is all there
after the workers have taken their golden values. The bound is three times the file plus
``--cache``, which the workers share; the cache is smaller than by default, where it would hide
everything else.
"""

import time
from pathlib import Path

from analyzer.jobs.requests.texts import parse_size
from benchmarks.models import CannotRun, Options, model_file
from benchmarks.processes import family, memory_together, relcheck
from benchmarks.rows import Found, Wanted

CACHE = "512M"
BUDGET = "20s"
LOOK_SECONDS = 0.05
FILES = 3
MIB = 2**20


def find(options: Options, _: Wanted) -> list[Found]:
    """The one row."""
    name = "memory-resnet50"
    try:
        model = model_file("resnet50", options)
    except CannotRun as reason:
        return [Found.missing(name, str(reason))]
    peak = peak_bytes(model, "--cache", CACHE, "--budget", BUDGET)
    size, cache = model.stat().st_size, parse_size(CACHE)
    details = {
        "peak_mib": round(peak / MIB),
        "file_mib": round(size / MIB),
        "cache_mib": round(cache / MIB),
    }
    return [Found(name, peak / (FILES * size + cache), details=details)]


def peak_bytes(model: Path, *arguments: str) -> int:
    """Most memory that a run and its workers held at any one time.

    Raises:
        RuntimeError: The run refuses its work.
    """
    peak = 0
    with relcheck(["run", str(model), "--journal", "none", *arguments]) as process:
        while process.poll() is None:
            peak = max(peak, memory_together(family(process.pid)))
            time.sleep(LOOK_SECONDS)
        if process.returncode not in (0, 3):
            raise RuntimeError(f"the run ended with exit code {process.returncode}")
    return peak
