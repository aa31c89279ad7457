"""Intervals of FIT hold the truth as often as they promise, though trials end when all is decided.

Networks are replaced by coins: each stratum of events has a probability of silent corruption, of
which the task under test knows nothing. A small real network follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from analyzer.campaign.blocks import BLOCK_TRIALS, BlockResult
from analyzer.campaign.events.result import EventFigures, EventResult
from analyzer.campaign.events.task import EventTask
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.outcomes import Outcomes
from analyzer.faults.events import EventStrata, EventStratum, Place
from analyzer.faults.models import FLIP
from analyzer.gate import Verdict
from analyzer.gate.target import TargetCondition, TargetFigure
from analyzer.gate.target_figures import TargetFigures
from analyzer.jobs.target.conditions import decision
from analyzer.stats.tally import Tally
from analyzer.targets.exposure import RegionExposure, exposure_of
from tests.campaign.contexts import with_plan
from tests.campaign.targets import measure, prepared, region, target_of

REPEATS, CONFIDENCE = 60, 0.95
MOST_TRIALS = 6_000
"""At which a budget ends campaigns that nothing decides."""

SITES = 100_000_000
"""Bits of a stratum: far too many to be enumerated."""


HARMED = Outcomes(1, sdc=1, lost=1, right=1)
SPARED = Outcomes(1, masked=1, right=1)
BLOCKS = [(HARMED,) * k + (SPARED,) * (BLOCK_TRIALS - k) for k in range(BLOCK_TRIALS + 1)]
"""Outcomes of a block with so many harmful events; their order is of no influence."""

TALLIES = [Tally.of_trials(1, (o.counts for o in block)) for block in BLOCKS]


@dataclass(frozen=True)
class Coins:
    """Strata in one region: their shares, and the probability that an event there does harm."""

    shares: tuple[float, ...]
    harm: tuple[float, ...]
    places: tuple[Place, ...] = (Place.SEVERE, Place.LARGE, Place.MODERATE, Place.SLIGHT)

    @property
    def truth(self) -> float:
        """P(SDC | one event)."""
        return sum(share * p for share, p in zip(self.shares, self.harm, strict=True))

    def context(self) -> TrialContext:
        """All that a task asks of a context."""
        ends = np.array([SITES], np.int64)
        one = np.zeros(1, np.int64)
        strata = tuple(
            EventStratum(0, FLIP, place, share, one, one, ends)
            for place, share in zip(self.places, self.shares, strict=False)
        )
        patterns = SimpleNamespace(events=EventStrata(strata), plan=None)
        golden = SimpleNamespace(batches=[None])

        def tally(outcomes: Sequence[Outcomes]) -> Tally:
            return TALLIES[sum(o.sdc for o in outcomes)]

        stub = SimpleNamespace(patterns=patterns, golden=golden, unit=1, tally=tally)
        return cast(TrialContext, stub)


FEW = Coins((0.03, 0.09, 0.13, 0.75), (0.4, 0.01, 0.0005, 0.0))
RARE = Coins((0.03, 0.97), (0.004, 0.0))
NEVER = Coins((0.05, 0.95), (0.0, 0.0))
OFTEN = Coins((0.5, 0.5), (0.9, 0.3))
TOLD_APART = Coins(
    (0.0136, 0.0176, 0.0312, 0.242, 0.6956),
    (0.87, 0.0, 0.006, 0.0019, 0.0),
    (Place.RISING, Place.FALLING, Place.LARGE, Place.MODERATE, Place.SLIGHT),
)
"""As in CIFAR ResNet-20."""

LAWS = {"few": FEW, "rare": RARE, "never": NEVER, "often": OFTEN, "told apart": TOLD_APART}

EXPOSURE: RegionExposure = exposure_of(target_of(region()), target_of(region()).region[0], 10**7)
RAW = EXPOSURE.raw_fit


def simulate(
    coins: Coins, bound: float, rng: np.random.Generator, most: int = MOST_TRIALS
) -> EventResult:
    """A campaign that ends once a bound in FIT is decided, or the budget is spent."""

    def everything(found: EventFigures) -> TargetFigures:
        return TargetFigures([EXPOSURE], 1.0, found, {})

    question = decision([TargetCondition(TargetFigure.SDC_FIT, bound)], everything)
    task = EventTask(coins.context(), {0: 1.0}, question, CONFIDENCE)
    task.settle()
    while task.stop is None and task.trials < most:
        for block in list(task.missing()):
            cell: Any = block.cell
            harmed = int(rng.binomial(BLOCK_TRIALS, coins.harm[cell.number]))
            task.take(BlockResult(block, BLOCKS[harmed]))
        task.settle()
    return task.finished(None)


def fit_of(result: EventResult) -> Any:
    return TargetFigures([EXPOSURE], 1.0, result.figures, {}).interval(TargetFigure.SDC_FIT)


@pytest.mark.parametrize("factor", [0.5, 0.9, 2.0])
@pytest.mark.parametrize("law", LAWS)
def test_the_interval_holds_the_truth(law: str, factor: float) -> None:
    """Whatever the bound is that decides when trials end; and no verdict is wrong too often."""
    coins = LAWS[law]
    truth = RAW * coins.truth
    bound = factor * truth if truth else factor * RAW * 1e-3
    rng = np.random.default_rng(int(1000 * factor) + sum(map(ord, law)))
    missed = wrong = 0
    for _ in range(REPEATS):
        interval = fit_of(simulate(coins, bound, rng))
        missed += not interval.low <= truth <= interval.high
        verdict = TargetCondition(TargetFigure.SDC_FIT, bound).judge(interval)
        wrong += verdict is (Verdict.PASS if truth > bound else Verdict.FAIL)
    allowed = (1.0 - CONFIDENCE) * REPEATS
    assert missed <= allowed + 2.0 * allowed**0.5
    assert wrong <= missed


def test_a_clear_bound_is_decided_within_few_looks() -> None:
    """Looks cost confidence, so there are few; and trials are near the fewest that could do."""
    rng = np.random.default_rng(7)
    found = [simulate(NEVER, RAW * 1e-3, rng, 20_000) for _ in range(3)]
    for result in found:
        assert fit_of(result).high <= RAW * 1e-3
        assert result.looks <= 4
        assert result.trials <= 12_000  # 3.7 / 1e-3 at one look; 5.5 / 1e-3 at the third


def test_the_interval_of_a_real_network(tmp_path: Path) -> None:
    """Drawn campaigns of other seeds against the exhaustive one."""
    target = prepared(tmp_path, target_of(region(events="burst:2")), kinds="weight", batch=10)
    exact = measure(target, exhaustive=True).figures.regions[0]
    assert exact is not None
    assert exact.sdc.low == exact.sdc.high
    missed = 0
    for seed in range(40):
        context = with_plan(target.analysis.context, seed=seed)
        again = replace(target, analysis=replace(target.analysis, context=context))
        found = measure(again).figures.regions[0]
        assert found is not None
        assert found.sdc.low < found.sdc.high
        missed += not found.sdc.low <= exact.sdc.estimate <= found.sdc.high
    assert missed <= 4
