"""CPU time to know P(SDC | one event) and P(DUE | one event) to a given precision: plain over ours.

The tool's own campaign of single events is run to its end. Plain injection, one uniformly drawn
flip per trial on the same engine with the same batch, would take hours; what it costs is computed
as in `benchmarks.protocols`: moments of unstratified trials from a stratified sample, the interval
that the tool itself uses, and the CPU time of uniformly drawn trials as measured in the same
process. Start-up is left out on both sides.

    python -m benchmarks.events MODEL.onnx --data test.npz
"""

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from analyzer.campaign.event_cells import EventCell
from analyzer.campaign.events.run import run_events
from analyzer.campaign.events.task import EventTask
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.inline_pool import InlinePool
from analyzer.evaluation.outcomes import Outcomes
from analyzer.jobs.demonstration import demonstration_model
from analyzer.jobs.devices import start_device
from analyzer.jobs.observer import SILENT
from analyzer.jobs.pools import NullStore
from analyzer.jobs.requests.settings import ask
from analyzer.jobs.requests.target import TargetRequest
from analyzer.jobs.target.conditions import precise_enough
from analyzer.jobs.target.prepare import PreparedTarget, prepare_target
from analyzer.stats.areas import AreaStratum, half_width
from analyzer.stats.events import EventOutcomes, estimate_events
from analyzer.targets.read import read_target
from benchmarks.models import CannotRun, Options, model_file
from benchmarks.protocols import CHANNELS, Cost, Sampled, mean_of
from benchmarks.rows import Found, Wanted
from benchmarks.sweep import Endless

PRECISION, CONFIDENCE = 1e-3, 0.95
PILOT, UNIFORM = 192, 128
"""Trials of each stratum from which moments are taken; uniform trials that are timed."""

TARGET = """
format = "1.0"
name = "benchmark"
[use]
inferences_per_hour = 1.0
mission_hours = 1.0
[[region]]
name = "memory"
"""
"""One memory without a raw rate: probabilities alone."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure, two ways."""

    ours: Cost
    plain: Cost
    sdc: float

    @property
    def ratio(self) -> float:
        """CPU seconds of plain injection over ours."""
        return self.plain.cpu_seconds / self.ours.cpu_seconds


def compare(model: Path, **flags: Any) -> Comparison:
    """P(SDC | one flip) and P(DUE | one flip) of a model's whole memory, both ways.

    Args:
        model: the file.
        flags: of ``relcheck run``.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "target.toml"
        file.write_text(TARGET, "utf-8")
        asked = {**flags, "jobs": 0, "precision": PRECISION, "target": str(file)}
        request = ask(TargetRequest, asked, model=model)
        device = start_device(request.device, SILENT, request.precise_int8)
        prepared = prepare_target(request, read_target(file), device)
    cost, found = ours(prepared)
    return Comparison(cost, plain(prepared.analysis.context), found.sdc.estimate)


def ours(prepared: PreparedTarget) -> tuple[Cost, EventOutcomes]:
    """Run a whole campaign and take its CPU time."""
    bench, start = prepared.analysis.context, time.process_time()
    with InlinePool(bench) as pool:
        question = precise_enough(PRECISION)
        task = EventTask(bench, prepared.weights, question, CONFIDENCE, precision=PRECISION)
        result = run_events(task, pool, NullStore(), Endless(), lambda task: None)
    spent = time.process_time() - start
    assert result.figures.whole is not None, "the budget has no end"
    return Cost(spent, result.trials, result.images), result.figures.whole


def plain(bench: TrialContext) -> Cost:
    """Uniformly drawn events until both intervals are narrow enough."""
    found, trials = sample(bench), 2**10
    while _arm(found, trials) > PRECISION:
        trials = math.ceil(1.05 * trials)
    return Cost(trials * found.cpu_seconds, trials, trials * found.batch)


def sample(bench: TrialContext) -> Sampled:
    """Moments of uniformly drawn events, and the CPU time of a trial."""
    events = bench.patterns.events
    assert events is not None, "the campaign has no single events"
    shares = [stratum.share for stratum in events.strata]
    outcomes = [list(_trials(bench, number, PILOT)) for number in range(len(shares))]
    start, timed = time.process_time(), 0
    for number, share in enumerate(shares):
        timed += len(list(_trials(bench, number, round(share * UNIFORM), PILOT)))
    return Sampled(
        bench.plan.batch,
        tuple(mean_of(shares, outcomes, channel, 1) for channel in CHANNELS),
        tuple(mean_of(shares, outcomes, channel, 2) for channel in CHANNELS),
        (time.process_time() - start) / timed,
    )


def _trials(bench: TrialContext, number: int, trials: int, first: int = 0) -> Iterator[Outcomes]:
    return bench.trials(EventCell(number), first, first + trials)


def _arm(found: Sampled, trials: int) -> float:
    """Half of the wider interval of SDC and DUE after so many trials, as the tool itself asks."""
    said = estimate_events([AreaStratum(1.0, found.tally(trials))], CONFIDENCE)
    return max(half_width(i) for i in (said.sdc, said.due))


def find(options: Options, wanted: Wanted) -> list[Found]:
    """A row for the trained ResNet-20, and one for ResNet-50."""
    rows = []
    if "event-resnet20" in wanted:
        rows.append(_row("event-resnet20", *_trained(options)))
    if "event-resnet50" in wanted:
        rows.append(_row("event-resnet50", *_made(options)))
    return rows


def _trained(options: Options) -> tuple[Path | str, dict[str, str]]:
    try:
        return options.trained()
    except CannotRun as reason:
        return str(reason), {}


def _made(options: Options) -> tuple[Path | str, dict[str, str]]:
    try:
        return model_file("resnet50", options), {}
    except CannotRun as reason:
        return str(reason), {}


def _row(name: str, model: Path | str, flags: dict[str, str]) -> Found:
    if isinstance(model, str):
        return Found.missing(name, model)
    found = compare(model, **flags)
    details = {
        "sdc": round(found.sdc, 5),
        "ours_cpu_seconds": round(found.ours.cpu_seconds, 2),
        "ours_trials": found.ours.trials,
        "plain_cpu_seconds_computed": round(found.plain.cpu_seconds, 1),
        "plain_trials_computed": found.plain.trials,
    }
    return Found(name, found.ratio, details=details)


def show(found: Comparison) -> str:
    """Both in lines, and the ratio."""
    rows: Sequence[tuple[str, Cost]] = (
        ("ours, measured", found.ours),
        ("plain injection, computed", found.plain),
    )
    lines = [
        f"{name:<28}{c.cpu_seconds:>10.1f} s{c.trials:>10,} trials{c.images:>12,} images"
        for name, c in rows
    ]
    return "\n".join(
        [f"P(SDC | one flip) {found.sdc:.4f}", *lines, f"over ours: {found.ratio:.1f}"]
    )


def main() -> None:
    """Measure the model of the command line, or the demonstration model."""
    parser = argparse.ArgumentParser(description="Cost of P(SDC | one flip): plain over ours.")
    parser.add_argument("model", type=Path, nargs="?", default=demonstration_model())
    for flag in ("data", "mean", "std", "scale", "batch"):
        parser.add_argument(f"--{flag}")
    given = {k: v for k, v in vars(parser.parse_args()).items() if v is not None}
    print(show(compare(given.pop("model"), **given)))


if __name__ == "__main__":
    main()
