"""Maps agree with exhaustive injection, keep their margin, and depend on the plan alone."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from analyzer.campaign.blocks import BLOCK_TRIALS, Block
from analyzer.campaign.cells import SiteCell
from analyzer.campaign.maps.map import Area, VulnerabilityMap
from analyzer.campaign.maps.run import run_map
from analyzer.campaign.maps.stratum import ENUMERATED
from analyzer.campaign.result import Stop
from analyzer.campaign.workers.local_pool import LocalPool
from analyzer.campaign.workers.payload import WorkerPayload
from analyzer.faults.space import Kind
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.stats.areas import AreaEstimate, ExactShares, half_width
from analyzer.stats.planning import leveugle
from tests.campaign.contexts import Charges, Memory, with_plan, write_payload
from tests.campaign.maps import (
    IMAGES,
    Direct,
    enumerated,
    ignore_progress,
    known,
    make,
    places,
    small,
    small_analysis,
    truth,
    with_seed,
)

TENSORS = range(4)


@cache
def exhaustive_map() -> VulnerabilityMap:
    """Every flip on every image."""
    return make(small().context, exhaustive=True)


def areas(found: VulnerabilityMap) -> Iterator[tuple[str, AreaEstimate, ExactShares]]:
    """Every area of a map with the truth about it."""
    tensors, bits = places()
    for tensor in found.tensors:
        yield f"tensor {tensor.tensor}", known(tensor.estimate), truth(tensors == tensor.tensor)
    kinds = np.array([found.space.tensors[t].kind for t in tensors])
    for kind, area in found.kinds.items():
        yield kind, known(area.estimate), truth(kinds == kind)
    for position, area in found.bits.items():
        yield f"bit {position.bit}", known(area.estimate), truth(bits == position.bit)
    yield "whole", known(found.whole.estimate), truth(tensors >= 0)


def test_the_network_has_something_to_find() -> None:
    """Else agreement would prove little."""
    assert len(small().context.golden.batches) == 4
    assert small().context.golden.batches[-1].images == 1
    counts = enumerated()
    assert 0 < counts[:, 0].sum() < 0.2 * len(counts) * IMAGES
    assert (counts.sum(axis=0) > 0).all()


def test_an_exhaustive_map_is_what_the_oracle_found() -> None:
    """Every flip on every image, batches of unequal size: equal up to the order of additions."""
    found = exhaustive_map()
    assert found.complete
    assert all(t.exhaustive for t in found.tensors)
    assert found.trials == found.space.bits * 4
    for name, estimate, exact in areas(found):
        for interval, value in (
            (estimate.sdc, exact.sdc),
            (estimate.due, exact.due),
            (estimate.loss, exact.lost - exact.gained),
        ):
            assert interval.estimate == pytest.approx(value, abs=1e-12), name
            assert half_width(interval) < 1e-12, name


SEEDS = range(12)


def test_sampled_maps_contain_what_the_oracle_found() -> None:
    """12 maps, 39 areas, 3 figures each, at 99 %: chance explains 14 + 3 x 4 misses."""
    judged = missed = 0
    for seed in SEEDS:
        found = make(with_seed(seed))
        assert found.complete
        for _, estimate, exact in areas(found):
            values = (exact.sdc, exact.due, exact.lost - exact.gained)
            for interval, value in zip(
                (estimate.sdc, estimate.due, estimate.loss), values, strict=True
            ):
                judged += 1
                missed += not interval.low - 1e-12 <= value <= interval.high + 1e-12
    assert judged == 12 * 39 * 3
    assert missed <= 26


def test_the_margin_is_kept() -> None:
    found = make(small().context)
    for tensor in found.tensors:
        e = known(tensor.estimate)
        assert max(half_width(e.sdc), half_width(e.due)) <= 0.05
        assert tensor.stop is Stop.PRECISION
        assert tensor.trials == sum(s.seen.tally.trials for s in tensor.strata)
        assert tensor.leveugle == leveugle(found.space.tensors[tensor.tensor].bits, 0.05, 0.99)


def test_small_strata_are_counted_off() -> None:
    """Severe sites of the smallest tensor: 3 biases of one bit, 4 batches."""
    found = make(small().context)
    sizes = {s.sites * 4: s.seen.exact is not None for t in found.tensors for s in t.strata}
    assert {pairs <= ENUMERATED for pairs in sizes} == {True, False}
    assert all(exact == (pairs <= ENUMERATED) for pairs, exact in sizes.items())


def test_what_is_counted_off_visits_every_pair_once() -> None:
    context = small().context
    assert context.patterns.sites is not None
    for tensor in TENSORS:
        for part, stratum in enumerate(context.patterns.sites.parts[tensor]):
            cell = SiteCell(tensor, part, every=True)
            pairs = stratum.sites * 4
            drawn = [cell.draw(context.patterns, context.golden.ends, i) for i in range(pairs)]
            visited = {(int(pattern.sites[0]), batch[0]) for batch, pattern in drawn}
            assert len(visited) == pairs
            positions = {context.space.locate(site)[2] for site, _ in visited}
            assert positions == set(stratum.positions)


def test_the_live_engine_and_the_oracle_make_the_same_map() -> None:
    context = small().context
    coarse = with_plan(context, precision=0.15)
    oracle = replace(coarse, executor=RewriteExecutor(small().model, small().space, pack=False))
    assert make(coarse).tensors == make(oracle).tensors


def test_worker_processes_do_not_change_a_map(tmp_path: Path) -> None:
    analysis = small_analysis(tmp_path)
    here = make(analysis.context)
    payload = write_payload(
        WorkerPayload.of(analysis.context, analysis.model), tmp_path / "payload"
    )
    with LocalPool(analysis.context, payload, 2) as pool:
        there = run_map(analysis.context, pool, Memory(), Charges(), ignore_progress)
    assert there == here.tensors


def test_an_interrupted_map_goes_on_where_it_was() -> None:
    """The same map as in one go, and no block is run twice (`Memory` would fail)."""
    context, store = small().context, Memory()
    cut = make(context, store, Charges(left=20))
    assert not cut.complete
    assert {t.stop for t in cut.tensors} >= {Stop.BUDGET}
    pool = Direct(context)
    whole = make(context, store, pool=pool)
    assert pool.ran == len(store.blocks) - 20
    assert whole.tensors == make(context).tensors


def test_what_was_counted_off_in_part_claims_nothing() -> None:
    """The first sites of a tensor are no sample of it."""
    cut = make(small().context, budget=Charges(left=3), exhaustive=True)
    assert not any(t.exhaustive for t in cut.tensors)
    unfinished = [s for t in cut.tensors for s in t.strata if s.seen.exact is None]
    assert unfinished
    assert not any(s.seen.tally.trials or s.first.tally.trials for s in unfinished)
    assert not any(c.tally.trials for s in unfinished for c in s.columns)
    assert {t.estimate for t in cut.tensors} == {None}
    assert cut.whole.estimate is None
    assert set(cut.sdc_shares) == {None}


def test_a_finer_map_extends_a_coarser_one() -> None:
    """Fails if the margin enters the random numbers."""
    context, store = small().context, Memory()
    make(with_plan(context, precision=0.1), store)
    coarse = set(store.blocks)
    make(context, store)
    fine = Memory()
    make(context, fine)
    assert coarse < set(store.blocks)
    assert {b: store.blocks[b] for b in fine.blocks} == fine.blocks


def test_shares_add_up_and_are_size_times_harm() -> None:
    found = exhaustive_map()
    assert sum(share or 0.0 for share in found.sdc_shares) == pytest.approx(1.0)
    tensors, _ = places()
    sdc = enumerated()[:, 0]
    for tensor, share in zip(found.tensors, found.sdc_shares, strict=True):
        assert share == pytest.approx(sdc[tensors == tensor.tensor].sum() / sdc.sum())


def test_areas_of_several_tensors_rest_on_the_first_trials_alone() -> None:
    """Fails if trials count that were run because of what others showed."""
    found = next(m for m in (make(with_seed(s, 0.01)) for s in SEEDS) if later(m))
    whole: Area = found.whole
    assert whole.trials == found.trials - later(found)
    assert sum(area.trials for area in found.bits.values()) == whole.trials
    assert sum(area.trials for area in found.kinds.values()) == whole.trials
    assert set(found.kinds) == {Kind.WEIGHT, Kind.BIAS}


def later(found: VulnerabilityMap) -> int:
    """Trials beyond those that were planned before any was run."""
    return found.trials - sum(s.first.tally.trials for t in found.tensors for s in t.strata)


def test_columns_share_the_trials_of_their_stratum_evenly() -> None:
    for tensor in make(small().context).tensors:
        for stratum in tensor.strata:
            trials = [c.tally.trials for c in stratum.columns]
            assert max(trials) - min(trials) <= 1
            assert sum(trials) == stratum.first.tally.trials


def test_a_crash_is_named_by_its_site() -> None:
    context = small().context
    cell = SiteCell(0, 0)
    crash = context.crash(cell, 5)
    assert crash.stratum == "drawn/0/0"
    assert len(crash.upsets) == 1
    assert context.crashed(cell, 5).due == context.trial(cell, 5).images


def test_blocks_of_a_map_travel_as_text() -> None:
    context = small().context
    block = Block(SiteCell(1, 2, every=True), 3)
    result = Direct(context).submit([block]).result()[0]
    assert len(result.outcomes) == BLOCK_TRIALS
    assert type(result).from_json(result.to_json()) == result
    assert result.to_json().startswith('{"cell":"every/1/2","index":3,')
