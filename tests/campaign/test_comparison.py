"""Comparisons: differences from shared trials, more blocks where they are needed, no others."""

from pathlib import Path

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.comparison.additional_blocks import run_more
from analyzer.campaign.comparison.blocks_wanted import missing_blocks, wanted_blocks
from analyzer.campaign.comparison.difference import (
    ComparedModel,
    ModelFindings,
    RateDifference,
    compare,
    difference_at,
)
from analyzer.campaign.result import Stop
from analyzer.faults.pairing import OWN
from analyzer.jobs.comparable import prepare_models
from analyzer.jobs.requests.comparison import ComparisonRequest
from analyzer.jobs.requests.settings import ask
from analyzer.stats.area import area
from analyzer.stats.estimate import RateEstimate
from analyzer.stats.paired import (
    Difference,
    PairedStratum,
    paired_difference,
    unpaired_difference,
)
from analyzer.stats.paired_tally import PairedTally
from analyzer.stats.tally import Tally
from tests.campaign.contexts import AtOnce, Charges, Memory, Results, run, with_plan
from tests.campaign.variants import capped_cnn, compared, prepared
from tests.support import tiny_cnn, tiny_data


def estimated(found: RateEstimate | None) -> RateEstimate:
    assert found is not None
    return found


def differing(found: RateDifference) -> Difference:
    assert found.difference is not None
    return found.difference


def trials_of(compared_models: list[ComparedModel]) -> list[list[int]]:
    """Blocks that count, by model and cell."""
    return [list(c.blocks.values()) for c in compared_models]


def test_the_same_model_twice_differs_by_exactly_nothing(tmp_path: Path) -> None:
    model, data = tiny_cnn(tmp_path / "a.onnx"), tiny_data(tmp_path / "a.npz")
    copy = tiny_cnn(tmp_path / "b.onnx")
    asked = {"rates": "1e-3,1e-2", "precision": 0.05, "batch": 8, "data": data}
    _, compared_models = prepare_models(ask(ComparisonRequest, asked, models=[model, copy]))
    first, second = compared(compared_models)
    assert (second.estimates, second.trials) == (first.estimates, first.trials)
    assert estimated(first.estimates[1]).sdc.estimate > 0.05  # else equality would prove little
    for found in second.differences:
        change = differing(found)
        for interval in (change.metric, change.sdc, change.due):
            assert interval.estimate == 0.0
            assert interval.low < 0.0 < interval.high
        assert found.trials > 0
    assert second.area_difference is not None
    assert second.area_difference.estimate == 0.0
    assert first.differences == ()
    assert first.area_difference is None


def test_the_reference_is_what_it_is_alone(tmp_path: Path) -> None:
    """Its own campaign is not touched by being compared; more blocks only add to it."""
    analyses, compared_models = prepared(tmp_path)
    compared(compared_models)
    alone = run(analyses[0].context, AtOnce(Results(analyses[0].context)))
    assert compared_models[0].found == alone


def test_a_paired_campaign_finds_what_an_ordinary_one_finds(tmp_path: Path) -> None:
    """The variant's own figures, drawn by way of the reference, against those drawn directly."""
    _, compared_models = prepared(tmp_path, precision=0.02)
    found = compared(compared_models)[1]
    asked = {
        "rates": "1e-3,1e-2",
        "precision": 0.02,
        "batch": 8,
        "data": tmp_path / "tiny.npz",
        "seed": 1,
    }
    models = [tmp_path / "capped0.onnx", tmp_path / "tiny.onnx"]
    alone, _ = prepare_models(ask(ComparisonRequest, asked, models=models))
    direct = run(alone[0].context, AtOnce(Results(alone[0].context)))
    for mine, theirs in zip(found.estimates, direct.rates, strict=True):
        for name in ("metric", "sdc", "due"):
            a, b = getattr(mine, name), getattr(theirs.estimate, name)
            assert abs(a.estimate - b.estimate) < 0.04
            assert max(a.low, b.low) <= min(a.high, b.high)


def test_the_difference_pairs_trials_by_their_index(tmp_path: Path) -> None:
    """An oracle that goes trial by trial; fails where trials are paired by anything but index."""
    _, compared_models = prepared(tmp_path)
    reference, variant = compared_models
    found = compared(compared_models)[1]
    first_right, second_right = (
        [g.scores.tolist() for g in model.context.golden.by_batch] for model in compared_models
    )
    alike = first_right == second_right
    for rate, shown in zip((1e-3, 1e-2), found.differences, strict=True):
        strata = []
        for stratum, cell in zip(
            variant.context.patterns.split(rate).strata, variant.cells(rate), strict=True
        ):
            second = [o.counts for r in variant.used(cell) for o in r.outcomes]
            unit = variant.context.unit
            if stratum.name == OWN:
                nothing = PairedTally.of_trials(unit, [])
                part = PairedStratum(stratum.weight, None, Tally.of_trials(unit, second), nothing)
            else:
                held = [o.counts for r in reference.store.first(cell, 10**6) for o in r.outcomes]
                first = held[: BLOCK_TRIALS * reference.blocks[cell]]
                count = min(len(first), len(second))
                shared = PairedTally.of_trials(unit, [(first[i], second[i]) for i in range(count)])
                one, two = (Tally.of_trials(unit, trials) for trials in (first, second))
                part = PairedStratum(stratum.weight, one, two, shared)
            strata.append(part)
        golden = reference.context.golden.metric, variant.context.golden.metric
        assert shown.difference == paired_difference(strata, golden, 0.95, alike=alike)
        assert shown.trials == sum(s.shared.trials for s in strata)
        assert shown.gain is not None
        assert shown.gain > -0.1
    curve = [d.difference.metric if d.difference else None for d in found.differences]
    assert None not in curve
    assert found.area_difference == area(curve, (1e-3, 1e-2))


def test_blocks_are_added_where_a_difference_is_not_precise(tmp_path: Path) -> None:
    """Both models then have the same blocks; fails if wanted_blocks gives nothing, or all.

    Figures are known to 3 points; of their differences 2 are asked for, which some have already.
    """
    _, compared_models = prepared(tmp_path, capped=2, precision=0.03)
    for c in compared_models:
        c.finish(run(c.context, AtOnce(Results(c.context)), c.store))
        c.context = with_plan(c.context, precision=0.02)
    before = trials_of(compared_models)
    wanted = wanted_blocks(compared_models, compared_models[0].context.plan.rates)
    reference, *variants = compared_models
    lacking = 0
    for variant, own in zip(variants, wanted[1:], strict=True):
        for rate in (1e-3, 1e-2):
            cells = reference.cells(rate)
            if difference_at(rate, reference, variant).reached:
                assert not any(cell in own for cell in cells)
                continue
            lacking += 1
            for cell in cells:
                assert own[cell] == max(reference.blocks[cell], variant.blocks[cell])
                assert wanted[0][cell] >= own[cell]
    assert lacking
    more = [missing_blocks(c, w) for c, w in zip(compared_models, wanted, strict=True)]
    assert any(more)
    for c, blocks in zip(compared_models, more, strict=True):
        assert len(blocks) == len(set(blocks))
        assert all(b.index >= c.blocks[b.cell] for b in blocks if b.cell in c.blocks)
    assert trials_of(compared_models) == before
    shared = [[difference_at(rate, reference, v).trials for rate in (1e-3, 1e-2)] for v in variants]
    for c, w, blocks in zip(compared_models, wanted, more, strict=True):
        run_more(blocks, AtOnce(Results(c.context)), c.store, Charges())
        c.count(w)
        assert all(c.blocks[cell] >= count for cell, count in w.items())
    for v, own, counts in zip(variants, wanted[1:], shared, strict=True):
        assert own
        for rate, count in zip((1e-3, 1e-2), counts, strict=True):
            now = difference_at(rate, reference, v).trials
            assert now > count if reference.cells(rate)[0] in own else now == count


def test_more_blocks_end_with_the_budget_and_without_a_gap(tmp_path: Path) -> None:
    """Blocks beyond a missing one do not count: what is done first is no random choice."""
    _, (reference, _) = prepared(tmp_path)
    reference.finish(run(reference.context, AtOnce(Results(reference.context)), reference.store))
    cell = reference.cells(1e-2)[0]
    had = reference.blocks[cell]
    wanted = {cell: had + 6}
    pool = AtOnce(Results(reference.context))
    run_more(missing_blocks(reference, wanted), pool, reference.store, Charges(left=2))
    assert 0 < len(pool.sent) < 6
    done = [block for group in pool.sent for block in group]
    del reference.store.blocks[cell][had + 1]
    reference.count(wanted)
    assert len(done) >= 2
    assert reference.blocks[cell] == had + 1


def test_a_budget_that_ends_leaves_what_both_have(tmp_path: Path) -> None:
    """The variant's campaign is cut short: differences come from fewer trials, and are wider."""
    _, compared_models = prepared(tmp_path)
    reference, variant = compared_models
    reference.finish(run(reference.context, AtOnce(Results(reference.context)), reference.store))
    budget = Charges(left=6)
    variant.finish(run(variant.context, AtOnce(Results(variant.context)), variant.store, budget))
    assert {r.stop for r in variant.found.rates} == {Stop.BUDGET}
    for rate in (1e-3, 1e-2):
        found = difference_at(rate, reference, variant)
        assert not found.reached
        assert found.trials <= variant.trials(rate)
        assert found.difference is None or found.difference.sdc.low >= -1.0


def test_models_that_share_little_are_compared_by_independent_campaigns(tmp_path: Path) -> None:
    """The int8 case in small: other names for all tensors."""
    model, data = tiny_cnn(tmp_path / "a.onnx"), tiny_data(tmp_path / "a.npz")
    other = tmp_path / "b.onnx"
    other.write_bytes(model.read_bytes().replace(b"fc_w", b"fc_v").replace(b"conv_w", b"conv_v"))
    asked = {"rates": "1e-3,1e-2", "precision": 0.05, "batch": 8, "data": data}
    _, compared_models = prepare_models(ask(ComparisonRequest, asked, models=[model, other]))
    variant = compared_models[1]
    assert variant.matched is not None
    assert 0.0 < variant.matched.shares[0] < 0.5
    assert not variant.paired
    assert variant.context.plan.paired == ""
    first, second = compared(compared_models)
    assert wanted_blocks(compared_models, compared_models[0].context.plan.rates) == [{}, {}]
    for a, b, found in zip(first.estimates, second.estimates, second.differences, strict=True):
        metrics = estimated(a).metric, estimated(b).metric
        assert differing(found).metric == unpaired_difference(*metrics)
        assert found.trials == 0


def test_without_trials_nothing_is_claimed(tmp_path: Path) -> None:
    _, compared_models = prepared(tmp_path)
    for c in compared_models:
        c.finish(run(c.context, AtOnce(Results(c.context)), c.store, Charges(left=0)))
    assert difference_at(1e-2, *compared_models).difference is None
    first, second = compare(compared_models)
    assert set(first.estimates) == {None}
    assert (first.area, second.area_difference) == (None, None)


def test_what_another_store_holds_is_known_and_kept(tmp_path: Path) -> None:
    """A journal's blocks come in, new ones go out to it."""
    _, compared_models = prepared(tmp_path)
    reference = compared_models[0]
    inner = Memory()
    run(reference.context, AtOnce(Results(reference.context)), inner)
    pool = AtOnce(Results(reference.context))
    reference.finish(run(reference.context, pool, reference.store.over(inner)))
    assert not pool.sent
    again = Memory()
    fresh = ComparedModel(reference.context)
    run(reference.context, AtOnce(Results(reference.context)), fresh.store.over(again))
    assert set(again.blocks) == set(inner.blocks)
    assert again.ticks > 0


def test_thresholds_alone_can_be_the_difference(tmp_path: Path) -> None:
    """Upsets that hit only what the variant has: their stratum counts in its own figures."""
    model, data = tiny_cnn(tmp_path / "a.onnx"), tiny_data(tmp_path / "a.npz")
    capped = capped_cnn(tmp_path / "b.onnx")
    asked = {"rates": "1e-3", "precision": 0.1, "batch": 8, "data": data}
    _, compared_models = prepare_models(ask(ComparisonRequest, asked, models=[model, capped]))
    found: ModelFindings = compared(compared_models)[1]
    names = [s.name for s in compared_models[1].context.patterns.split(1e-3).strata]
    assert names[-1] == OWN
    assert found.trials[0] >= 16
    assert OWN not in [s.name for s in compared_models[0].context.patterns.split(1e-3).strata]
