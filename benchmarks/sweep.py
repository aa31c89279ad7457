"""CPU time of a whole sweep to a given precision: what others pay over what the tool pays.

The tool's own campaign is run to its end. Plain Monte Carlo and the paper's protocol would take
many minutes; what they cost is computed from what a sample shows, on the same engine in the same
process (`benchmarks.protocols`). Any model and data can be measured:

    python -m benchmarks.sweep MODEL.onnx --data test.npz --rates 1e-7..3e-5
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.campaign.result import CampaignResult, Stop
from analyzer.campaign.runner import run_campaign
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.inline_pool import InlinePool
from analyzer.jobs.demonstration import demonstration_model
from analyzer.jobs.pools import NullStore
from analyzer.jobs.prepare import prepare_sweep
from analyzer.jobs.requests.campaigns import SweepRequest
from analyzer.jobs.requests.settings import ask
from analyzer.stats.estimate import RateEstimate
from benchmarks.models import CannotRun, Options
from benchmarks.protocols import Cost, paper, plain
from benchmarks.rows import Found, Wanted

PLAIN_BATCH, PAPER_BATCH = 32, 128

RATES = "1e-7..3e-5"


class Endless:
    """A budget that is never spent."""

    def charge(self, cpu_seconds: float) -> None:
        """Nothing to add up."""

    def affords(self, under_way: int) -> bool:
        """Always: it counts what is finished."""
        return True

    def spent(self) -> Stop | None:
        """Never."""
        return None


class Silent:
    """An observer that says nothing."""

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        """Nothing."""


def ours(bench: TrialContext) -> Cost:
    """Run a whole campaign and take its CPU time."""
    start = time.process_time()
    with InlinePool(bench) as pool:
        result: CampaignResult = run_campaign(bench, pool, NullStore(), Endless(), Silent())
    spent = time.process_time() - start
    tallies = [r.tally for r in result.rates]
    return Cost(spent, sum(t.trials for t in tallies), sum(t.images for t in tallies))


@dataclass(frozen=True, slots=True)
class Comparison:
    """One sweep, three ways."""

    ours: Cost
    plain: Cost
    paper: Cost


def compare(model: Path, **flags: Any) -> Comparison:
    """The same sweep to the same precision, three ways."""

    def bench(**more: Any) -> TrialContext:
        asked = {**flags, "jobs": 0, **more}
        return prepare_sweep(ask(SweepRequest, asked, model=model)).context

    return Comparison(
        ours(bench()), plain(bench(batch=PLAIN_BATCH)), paper(bench(batch=PAPER_BATCH))
    )


def show(found: Comparison) -> str:
    """All three in lines, and the ratios."""
    rows = (
        ("ours, measured", found.ours),
        ("plain Monte Carlo, computed", found.plain),
        ("the paper's protocol, computed", found.paper),
    )
    lines = [
        f"{name:<32}{s.cpu_seconds:>9.1f} s{s.trials:>9,} trials{s.images:>11,} images"
        for name, s in rows
    ]
    return "\n".join([*lines, "over ours: " + ", ".join(f"{r:.1f}" for r in ratios(found))])


def ratios(found: Comparison) -> tuple[float, float]:
    """CPU seconds of plain Monte Carlo and of the paper's protocol over ours."""
    base = found.ours.cpu_seconds
    return found.plain.cpu_seconds / base, found.paper.cpu_seconds / base


def find(options: Options, _: Wanted) -> list[Found]:
    """Both rows, on a trained ResNet-20 and CIFAR-10 test images."""
    names = ("sweep-plain", "sweep-paper")
    try:
        model, flags = options.trained()
    except CannotRun as reason:
        return [Found.missing(name, str(reason)) for name in names]
    found = compare(model, rates=RATES, **flags)
    theirs = (found.plain, found.paper)
    return [
        Found(
            name,
            ratio,
            details={
                "ours_cpu_seconds": round(found.ours.cpu_seconds, 2),
                "ours_trials": found.ours.trials,
                "theirs_cpu_seconds_computed": round(other.cpu_seconds, 1),
                "theirs_trials_computed": other.trials,
            },
        )
        for name, ratio, other in zip(names, ratios(found), theirs, strict=True)
    ]


def main() -> None:
    """Measure the model of the command line, or the demonstration model."""
    parser = argparse.ArgumentParser(description="Cost of a sweep: plain Monte Carlo over ours.")
    parser.add_argument("model", type=Path, nargs="?", default=demonstration_model())
    for flag in ("data", "rates", "mean", "std", "scale"):
        parser.add_argument(f"--{flag}")
    given = {k: v for k, v in vars(parser.parse_args()).items() if v is not None}
    print(show(compare(given.pop("model"), **given)))


if __name__ == "__main__":
    main()
