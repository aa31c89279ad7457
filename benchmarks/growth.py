"""How the time of a campaign grows with rate, precision, images and model size.

    python -m benchmarks.growth

One of them is varied at a time, on the demonstration model: rate 1e-5, all 600 images, to 1 point.
Model sizes are compared by the CPU time of preparing and of one trial on one image, at rates with
the same number of expected flips. CPU seconds of one process; prints tables in Markdown and keeps
them in ``benchmarks/results/growth.json``.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analyzer.campaign.cells import Cell
from analyzer.campaign.trials import TrialContext
from analyzer.cli.embedded import embedded_model
from analyzer.jobs.prepare import prepare_analysis
from analyzer.jobs.settings import read_settings
from benchmarks.machine import watch
from benchmarks.models import KEPT, TORCH_PYTHON, CannotRun, Options, model_file
from benchmarks.record import FOLDER, surroundings, write
from benchmarks.sweep import ours

RATES = ("1e-7", "1e-6", "1e-5", "1e-4", "1e-3")
PRECISIONS = (0.04, 0.02, 0.01, 0.005)
IMAGES = (150, 300, 600)
NETWORKS = ("resnet20", "mobilenet_v2", "resnet50")
BASE: dict[str, Any] = {"rates": "1e-5", "jobs": 0, "seed": 1}

FLIPS = (1.0, 100.0)
"""Expected flips per trial, at which models of different size are compared."""

TRIALS = 64


@dataclass(frozen=True, slots=True)
class Point:
    """What one campaign cost."""

    at: str
    prepare_seconds: float
    trials: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Size:
    """What one model costs.

    Attributes:
        model: Its name.
        megabytes: Of its file.
        prepare_seconds: CPU time until the first trial could begin.
        milliseconds: CPU time of a trial on one image, for each number of `FLIPS`.
    """

    model: str
    megabytes: float
    prepare_seconds: float
    milliseconds: tuple[float, ...]


def main() -> int:
    """Measure, print and keep everything."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.growth")
    parser.add_argument("--torch", type=Path, default=TORCH_PYTHON, help="a Python with torch")
    parser.add_argument("--models", type=Path, default=KEPT, help="where models are kept")
    asked = parser.parse_args()
    options = Options(kept=asked.models, torch=asked.torch)
    with watch() as others:
        curves = {
            "rate": [campaign(rate, rates=rate) for rate in RATES],
            "precision": [campaign(f"{100 * p:g} %", precision=p) for p in PRECISIONS],
            "images": [campaign(f"{n}", images=n) for n in IMAGES],
        }
        sizes = [size("digits_resnet", embedded_model()), *_sizes(options)]
    for name, points in curves.items():
        print(_table((name, "prepare, s", "trials", "run, s"), map(_point_cells, points)))
    flips = [f"ms per trial, {f:g} expected flips" for f in FLIPS]
    print(_table(("model", "MB", "prepare, s", *flips), map(_size_cells, sizes)))
    kept = {name: [asdict(p) for p in points] for name, points in curves.items()}
    write(
        FOLDER / "growth.json",
        {**surroundings(others), **kept, "size": [asdict(s) for s in sizes]},
    )
    return 0


def campaign(at: str, **flags: Any) -> Point:
    """Run one campaign on the demonstration model to its end."""
    start = time.process_time()
    bench = prepare_analysis(embedded_model(), read_settings(None, {**BASE, **flags})).context
    prepared = time.process_time() - start
    cost = ours(bench)
    return Point(at, round(prepared, 2), cost.trials, round(cost.cpu_seconds, 2))


def _sizes(options: Options) -> list[Size]:
    found = []
    for name in NETWORKS:
        try:
            found.append(size(name, model_file(name, options)))
        except CannotRun as reason:
            print(f"{name}: not run: {reason}", file=sys.stderr)
    return found


def size(name: str, model: Path) -> Size:
    """Measure one model on 8 random images, one per trial."""
    bits = _bench(model, "1e-7").space.bits
    rates = [f"{flips / bits:.3g}" for flips in FLIPS]
    start = time.process_time()
    bench = _bench(model, ",".join(rates))
    prepared = time.process_time() - start
    trials = tuple(round(1000 * _trial_seconds(bench, rate), 2) for rate in bench.plan.rates)
    return Size(name, round(model.stat().st_size / 1e6, 1), round(prepared, 2), trials)


def _bench(model: Path, rates: str) -> TrialContext:
    asked = {**BASE, "rates": rates, "batch": 1, "images": 8}
    return prepare_analysis(model, read_settings(None, asked)).context


def _trial_seconds(bench: TrialContext, rate: float) -> float:
    """CPU time of a trial in the stratum that most patterns belong to."""
    weights = [stratum.weight for stratum in bench.patterns.split(rate).strata]
    cell = Cell(rate, weights.index(max(weights)))
    list(bench.trials(cell, 0, TRIALS // 4))
    start = time.process_time()
    list(bench.trials(cell, 0, TRIALS))
    return (time.process_time() - start) / TRIALS


def _point_cells(point: Point) -> list[str]:
    return [
        point.at,
        f"{point.prepare_seconds:.2f}",
        f"{point.trials:,}",
        f"{point.seconds:.2f}",
    ]


def _size_cells(found: Size) -> list[str]:
    times = [f"{ms:.2f}" for ms in found.milliseconds]
    return [found.model, f"{found.megabytes:.1f}", f"{found.prepare_seconds:.2f}", *times]


def _table(head: Sequence[str], rows: Any) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
