"""Clipped networks: how much slower their trials are than those of the network without bounds.

Bounds written with `Where` cost a deployed MobileNetV2 half of its speed. Campaigns run without
them, prove that none acts, and repeat what the proof fails for
(`analyzer/runtime/speculative_bounds/strategy.py`).
Thresholds are the maxima over random images, those of the trials among them, so that no bound acts
without a fault.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analyzer.campaign.trials import TrialContext
from analyzer.faults.count_law import CountLaw
from analyzer.faults.sampling import draw_pattern, generator
from benchmarks.models import ROOT, CannotRun, Options, model_file
from benchmarks.rows import Found, Wanted
from benchmarks.single import CACHE
from benchmarks.throughput import FLIP, Faulty, open_bench, plain_session
from benchmarks.timing import in_turn

RATE = 1e-7
OTHER_IMAGES = 224


@dataclass(frozen=True, slots=True)
class Case:
    """One network, as in `benchmarks.single.Case`."""

    network: str
    batch: int
    batches: int
    faults: int
    rounds: int


CASES = (Case("mobilenet_v2", batch=8, batches=4, faults=30, rounds=9),)


class AtRate(Faulty):
    """Trials whose upsets are drawn at a bit error rate."""

    def drawn(self) -> int:
        """One trial; returns its images."""
        law = CountLaw(self.context.space.bits, RATE)
        return self._trial(draw_pattern(generator("clipped", "trials", self.done), law, FLIP))


def find(options: Options, wanted: Wanted) -> list[Found]:
    """A row per network."""
    names = {f"clipped-{case.network}": case for case in CASES}
    return [_row(name, case, options) for name, case in names.items() if name in wanted]


def _row(name: str, case: Case, options: Options) -> Found:
    try:
        model = model_file(case.network, options)
        without = AtRate(open_bench(model, case.batch, case.batches, CACHE))
        clipped = clipped_file(model, without.context)
    except CannotRun as reason:
        return Found.missing(name, str(reason))
    bounded = AtRate(open_bench(clipped, case.batch, case.batches, CACHE))
    sessions = [plain_session(path) for path in (model, clipped)]
    feeds = without.context.golden.batches[0].feeds(without.context.golden.input_name)

    def deployed(which: int) -> int:
        sessions[which].run(None, feeds)
        return case.batch

    timed = in_turn(
        {
            "unclipped": lambda: sum(without.drawn() for _ in range(case.faults)),
            "clipped": lambda: sum(bounded.drawn() for _ in range(case.faults)),
            "deployed unclipped": lambda: sum(deployed(0) for _ in range(3)),
            "deployed clipped": lambda: sum(deployed(1) for _ in range(3)),
        },
        case.rounds,
    )
    details = {
        "batch": case.batch,
        "rate": RATE,
        "clipped_images_per_second": round(timed.rate("clipped"), 2),
        "unclipped_images_per_second": round(timed.rate("unclipped"), 2),
        "deployed_ratio": round(timed.ratio("deployed clipped", "deployed unclipped"), 3),
        "trials": case.faults * case.rounds,
    }
    return Found(name, timed.ratio("clipped", "unclipped"), details=details)


def clipped_file(model: Path, bench: TrialContext) -> Path:
    """The network with ActMax bounds, beside it; made by ``relcheck harden`` if it is not there.

    Args:
        model: The network.
        bench: Its trials.

    Raises:
        CannotRun: ``relcheck harden`` fails.
    """
    path = model.with_name(f"{model.stem}-actmax.onnx")
    if path.is_file():
        return path
    seen = np.concatenate(
        [
            batch.feeds(bench.golden.input_name)[bench.golden.input_name]
            for batch in bench.golden.batches
        ]
    )
    others = np.random.default_rng(7).standard_normal((OTHER_IMAGES, *seen.shape[1:]))
    images = np.concatenate([seen, others.astype(np.float32)])
    with tempfile.TemporaryDirectory(prefix="relcheck-bench-") as folder:
        data = Path(folder, "images.npz")
        np.savez(data, images=images)
        command = ["harden", str(model), "--method", "actmax", "--data", str(data), "-o", str(path)]
        done = subprocess.run(
            [sys.executable, "-m", "analyzer", *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise CannotRun(f"relcheck harden failed: {done.stderr.strip().splitlines()[-1]}")
    return path
