"""Any prefix of a campaign, cut anywhere: figures that are measured, or none."""

import math
import random
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.blocks import Block
from analyzer.campaign.cells import Cell
from analyzer.campaign.result import CampaignResult, RateResult, Stop
from analyzer.gate import Verdict, judge_gate, parse_gate
from tests.campaign.contexts import AtOnce, Charges, Memory, Results, run, tiny_analysis
from tests.campaign.test_runner import Shuffled
from tests.strategies import examples

PRECISION = 0.05
GATES = [parse_gate(f"{name} <= 1 @ {rate}") for name in ("sdc", "due") for rate in (1e-3, 1e-2)]


@cache
def unlabelled() -> Results:
    """Results of a campaign that is judged by agreement with the fault-free model."""
    with tempfile.TemporaryDirectory() as folder:
        return Results(tiny_analysis(Path(folder), metric="agreement").context)


def untried(rate: RateResult) -> float:
    """Probability of the patterns of strata without a trial."""
    return math.fsum(s.weight for s in rate.strata if not s.tally.trials)


def obeys(result: CampaignResult) -> int:
    """Assert all that holds of any prefix; the number of rates that have an estimate."""
    for judged in judge_gate(GATES, result):
        known = result.at(judged.condition.rate).estimate is not None
        assert judged.verdict is (Verdict.PASS if known else Verdict.UNDECIDED)
        assert (judged.interval is not None) is known
    for rate in result.rates:
        if not rate.tally.trials or untried(rate) > PRECISION:
            assert rate.estimate is None
            continue
        found = rate.estimate
        assert found is not None
        total = found.sdc.estimate + found.due.estimate + found.masked.estimate
        assert total == pytest.approx(1.0, abs=1e-12)
        assert found.metric == found.masked  # without labels
        assert found.masked.high - found.masked.low >= untried(rate)
    return sum(rate.estimate is not None for rate in result.rates)


@examples(40)
@given(st.integers(0, 30), st.sampled_from([Stop.BUDGET, Stop.INTERRUPTED]), st.integers(1, 4))
def test_a_prefix_is_measured_or_has_no_estimate(blocks: int, reason: Stop, workers: int) -> None:
    """Fails if strata without trials count as fault-free, or as half of everything."""
    results = unlabelled()
    pool = Shuffled(results, workers, random.Random(blocks))
    obeys(run(results.context, pool, budget=Charges(blocks, reason)))


def begun(blocks: list[Block]) -> dict[Cell, int]:
    """How many blocks each stratum of each rate got."""
    context = unlabelled().context
    cells = [
        Cell(r, i) for r in context.plan.rates for i in range(len(context.patterns.split(r).strata))
    ]
    return {cell: sum(b.cell == cell for b in blocks) for cell in cells}


@pytest.mark.parametrize("blocks", range(1, 16))
def test_no_stratum_gets_a_second_block_before_each_that_matters_has_one(blocks: int) -> None:
    """Fails if blocks of a look are run stratum by stratum, or rate by rate."""
    results, store = unlabelled(), Memory()
    run(results.context, AtOnce(results), store, Charges(blocks))
    counts = begun(list(store.blocks))
    assert sum(counts.values()) - blocks in (0, 1)  # this pool is given two at a time
    weights = {c: results.context.patterns.split(c.rate).strata[c.stratum].weight for c in counts}
    heavy = [n for cell, n in counts.items() if weights[cell] > PRECISION]
    assert len(heavy) < len(counts)  # else one half of the rule would not be tried
    assert max(counts.values()) == 1 or min(counts.values()) == 1
    assert min(heavy) == 1 or sum(counts.values()) == sum(heavy)


def test_a_budget_of_a_few_blocks_gives_whole_rates() -> None:
    """Rates are begun one by one: fails if a budget leaves a bit of each and none whole."""
    results = unlabelled()
    known = [
        obeys(run(results.context, AtOnce(results), budget=Charges(blocks))) for blocks in range(12)
    ]
    assert known == sorted(known)
    assert (known[0], known[-1]) == (0, 2)
    assert 1 in known
