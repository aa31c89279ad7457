"""CPU time of a whole sweep to a given precision: plain Monte Carlo over the tool's own sampling.

Both run on the same live engine in this process. Plain Monte Carlo draws unstratified patterns with
32 images each, independently for each rate. Any model and data can be measured:

    python -m benchmarks.sweep MODEL.onnx --data test.npz --rates 1e-7..3e-5
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analyzer.campaign.pools import InlinePool
from analyzer.campaign.result import CampaignResult, Stop
from analyzer.campaign.runner import run_campaign
from analyzer.campaign.trials import Bench
from analyzer.cli.analysis import Forgetful
from analyzer.cli.embedded import embedded_model
from analyzer.cli.settings import read_settings
from analyzer.cli.setup import prepare_analysis
from analyzer.stats.estimate import RateEstimate

PLAIN_BATCH = 32


class Endless:
    """A budget that is never spent."""

    def charge(self, cpu_seconds: float) -> None:
        """Nothing to add up."""

    def spent(self) -> Stop | None:
        """Never."""
        return None


class Silent:
    """An observer that says nothing."""

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Sweep:
    """One campaign: what it cost, and how much it ran."""

    cpu_seconds: float
    trials: int
    images: int

    @staticmethod
    def of(bench: Bench) -> "Sweep":
        """Run a whole campaign and take its CPU time."""
        start = time.process_time()
        with InlinePool(bench) as pool:
            result: CampaignResult = run_campaign(bench, pool, Forgetful(), Endless(), Silent())
        spent = time.process_time() - start
        tallies = [r.tally for r in result.rates]
        return Sweep(spent, sum(t.trials for t in tallies), sum(t.images for t in tallies))


def compare(model: Path, **flags: Any) -> tuple[Sweep, Sweep]:
    """(plain Monte Carlo, the tool's own sampling) of the same sweep to the same precision."""
    plain = prepare_analysis(model, read_settings(None, {**flags, "batch": PLAIN_BATCH})).bench
    ours = prepare_analysis(model, read_settings(None, flags)).bench
    return Sweep.of(replace(plain, severity=None)), Sweep.of(ours)


def show(plain: Sweep, ours: Sweep) -> str:
    """Both in two lines, and the ratio."""
    rows = (("plain Monte Carlo, 32 images", plain), ("strata, images by work", ours))
    lines = [
        f"{name:<30}{s.cpu_seconds:>9.1f} s{s.trials:>10,} trials{s.images:>12,} images"
        for name, s in rows
    ]
    return "\n".join([*lines, f"ratio {plain.cpu_seconds / ours.cpu_seconds:.1f}"])


def main() -> None:
    """Measure the model of the command line, or the demonstration model."""
    parser = argparse.ArgumentParser(description="Cost of a sweep: plain Monte Carlo over ours.")
    parser.add_argument("model", type=Path, nargs="?", default=embedded_model())
    for flag in ("data", "rates", "mean", "std", "scale"):
        parser.add_argument(f"--{flag}")
    given = {k: v for k, v in vars(parser.parse_args()).items() if v is not None}
    print(show(*compare(given.pop("model"), **given)))


if __name__ == "__main__":
    main()
