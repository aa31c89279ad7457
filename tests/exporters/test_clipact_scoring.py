"""The fast scorer against whole runs of the hardened file, edited and loaded for every pattern."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analyzer.answers import Answer
from analyzer.evaluation.metrics import AGREEMENT
from analyzer.faults.count_law import CountLaw
from analyzer.faults.rate_mixture import ScoreWeights
from analyzer.model import Model
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.session import new_session, run_session, session_options
from analyzer.stats.area import area_weights
from exporters.hardening.bounds.clipping import CLIPPING
from exporters.hardening.bounds.insert import with_bounds
from exporters.hardening.bounds.thresholds import Threshold, Thresholds
from exporters.hardening.clipact.score import LayerScorer, scaled
from exporters.hardening.clipact.search import Search, SearchRequest
from tests.exporters.clipact_nets import IMAGES, NETS, Array, data_of, proto_of, search_on

RATES = (1e-4, 1e-3, 1e-2)
REQUEST = SearchRequest(RATES, iterations=3, trials=60)
SCALES = (1.0, 0.0, 0.5, 0.9, 0.7)


def hardened(model: Model, search: Search, thresholds: Thresholds) -> Model:
    return replace(model, proto=with_bounds(model.proto, search.sites, thresholds, CLIPPING))


def slow_outcomes(
    model: Model, search: Search, scorer: LayerScorer, thresholds: Thresholds
) -> list[bool]:
    """Every unit by a run of its own through the whole file with these thresholds in it."""
    twin = hardened(model, search, thresholds)
    executor = RewriteExecutor(twin, search.opened.space)
    options = session_options(optimize=search.opened.optimized)
    golden = new_session(
        executor.faulty_proto(replace(scorer.trials[0].pattern, sites=np.zeros(0, np.int64))),
        options,
    )
    found = []
    for unit in range(IMAGES + len(scorer.trials)):
        session = golden
        image = unit
        if unit >= IMAGES:
            trial = scorer.trials[unit - IMAGES]
            session, image = new_session(executor.faulty_proto(trial.pattern), options), trial.image
        feeds = search.context.batching.feeds({"image": search.inputs["image"]}, [image])
        result = run_session(session, feeds)
        right = isinstance(result, Answer) and bool(
            search.context.reference.right(result, np.array([image]))[0]
        )
        found.append(right)
    return found


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many that a search can end between them."""
    monkeypatch.setattr("exporters.hardening.clipact.image_batches.TOGETHER", 4)


@pytest.mark.parametrize("name", NETS)
def test_outcomes_are_those_of_whole_runs(name: str, tmp_path: Path) -> None:
    model, search = search_on(NETS[name], tmp_path, REQUEST)
    assert search.opened.optimized is NETS[name].optimized
    chosen = dict(search.maxima)
    changed = 0
    for site in search.opened.spaces:
        scorer = search.scorer(site)
        for scale in SCALES:
            low, high = scorer.complete(scale)
            assert low == high
            thresholds = {**chosen, site: scaled(search.maxima[site], scale)}
            slow = slow_outcomes(model, search, scorer, thresholds)
            assert scorer.outcomes(scale).tolist() == slow
            clean = np.array(slow)[scorer._blocks.image_of]
            changed += int(np.count_nonzero(clean != slow))
        chosen[site] = scaled(search.maxima[site], 0.8)  # later layers see what earlier ones chose
        search.context.graph.set_threshold(site, chosen[site])
        search.context.graph.executor.check_golden()
    assert changed > 10, "faults that change nothing prove nothing"


@pytest.mark.parametrize(
    ("name", "encoding"), [("plain", "stored"), ("shared", "q15.16"), ("residual", "q15.16")]
)
def test_a_site_begins_with_what_the_one_before_found(
    name: str, encoding: str, tmp_path: Path
) -> None:
    """The fault-free outcomes at the maximum are taken over, and are the right ones."""
    request = replace(REQUEST, trials=200, iterations=5, encoding=encoding)
    model, search = search_on(NETS[name], tmp_path, request)
    chosen = dict(search.maxima)
    for site in search.opened.spaces:
        scorer, found = search.narrow(site)
        slow = slow_outcomes(model, search, scorer, chosen)
        assert scorer.outcomes(1.0).tolist() == slow
        chosen[site] = scaled(search.maxima[site], found.best)
    assert chosen != search.maxima, "another net would show more"


@pytest.mark.parametrize("name", ["residual", "dense", "two-sided"])
def test_little_memory_changes_nothing_but_time(name: str, tmp_path: Path) -> None:
    found = []
    for memory in (1 << 30, 200_000, 0):
        _, search = search_on(NETS[name], tmp_path, replace(REQUEST, memory=memory))
        scorer = search.scorer(list(search.opened.spaces)[-1])
        found.append(scorer.complete(0.6))
        assert (search.context.entry._kept is None) is (memory == 0)
        assert bool(scorer._blocks._kept) is (memory > 0)
    assert found[0] == found[1] == found[2]


def test_thresholds_that_do_not_tell_units_apart_share_runs(tmp_path: Path) -> None:
    _, search = search_on(NETS["plain"], tmp_path, REQUEST)
    scorer = search.scorer("b")
    scorer.complete(1.0)
    first = scorer.rows_run
    assert 0 < first <= IMAGES + len(scorer.trials)
    scorer.complete(np.nextafter(1.0, 0.0))  # rounds to the same float32
    assert scorer.rows_run == first
    scorer.complete(0.95)
    assert first < scorer.rows_run < 2 * first


def test_trials_hidden_by_the_bound_are_not_run(tmp_path: Path) -> None:
    """At scale 0 nothing of a layer is left, faulty or not."""
    _, search = search_on(NETS["plain"], tmp_path, REQUEST)
    scorer = search.scorer("b")
    scorer.complete(0.0)
    assert scorer.rows_run == IMAGES


@pytest.mark.parametrize("name", ["plain", "residual", "two-sided"])
def test_a_trial_is_masked_exactly_where_bounded_values_are_equal(
    name: str, tmp_path: Path
) -> None:
    _, search = search_on(NETS[name], tmp_path, replace(REQUEST, trials=300))
    seen = set()
    for site in search.opened.spaces:
        scorer = search.scorer(site)
        blocks = scorer._blocks
        source = blocks.span.source
        for scale in (1.0, 0.7, 0.3, 0.05, 0.0):
            bound = scaled(search.maxima[site], scale)
            search.context.graph.set_threshold(site, bound)
            for number in range(len(blocks)):
                block = blocks.block(number)
                for unit in (u for u in blocks.units(number) if u >= IMAGES):
                    pair = [blocks.row(block, int(u)) for u in (unit, blocks.image_of[unit])]
                    faulty, clean = (bounded(row[source], bound) for row in pair if row)
                    seen.add(same := np.array_equal(faulty, clean))
                    assert blocks.equals_clean(int(unit)) is same
    assert seen == {True, False}


def bounded(values: Array, bound: Threshold) -> Array:
    """Eq. 4 of Milazzo et al., with a lower bound where there is one."""
    low = -np.inf if bound.low is None else np.float32(bound.low)
    within = (values <= np.float32(bound.high)) & (values >= low)
    return np.where(within, values, np.float32(0))


def test_weights_read_behind_the_bound_leave_nothing_masked(tmp_path: Path) -> None:
    _, search = search_on(NETS["shared"], tmp_path, REQUEST)
    scorer = search.scorer("b")
    scorer.complete(0.0)
    assert scorer.rows_run == IMAGES + len(scorer.trials)


def test_bounds_of_a_score_are_reached(tmp_path: Path, small_blocks: None) -> None:
    """The lower one if all that is unknown goes against it: some images count negatively."""
    _, search = search_on(NETS["dense"], tmp_path, REQUEST)
    scorer = search.scorer("d")
    assert (scorer.weights.clean < 0).any()
    record, _ = scorer.complete(1.0)
    bounds = scorer.complete(0.05, rival=1.0)
    outcomes = scorer.outcomes(0.05)
    counts = np.concatenate([scorer.weights.clean, scorer.weights.faulty])
    for value, worst in zip(bounds, (counts < 0, counts > 0), strict=True):
        filled = np.where(outcomes < 0, worst, outcomes)
        assert value == pytest.approx(float(counts @ filled), abs=1e-12)
    assert bounds[0] < bounds[1] < record


def test_a_score_is_given_up_only_when_it_cannot_reach_the_record(
    tmp_path: Path, small_blocks: None
) -> None:
    _, search = search_on(NETS["dense"], tmp_path, replace(REQUEST, trials=400))
    scorer = search.scorer("d")
    record, _ = scorer.complete(1.0)
    low, high = scorer.complete(0.0, rival=1.0)
    assert low < high < record
    exact, again = scorer.complete(0.0)
    assert exact == again
    assert low <= exact <= high


def test_agreement_counts_where_there_are_no_labels(tmp_path: Path) -> None:
    _, search = search_on(NETS["plain"], tmp_path, REQUEST, labelled=False)
    assert search.metric == AGREEMENT.name
    scorer = search.scorer("b")
    scorer.complete(1.0)
    assert scorer.outcomes(1.0)[:IMAGES].all()


def test_the_score_is_the_area_under_the_curve(tmp_path: Path) -> None:
    """With outcomes that depend on the number of felt upsets alone, the sum is known exactly."""
    _, search = search_on(NETS["plain"], tmp_path, REQUEST)
    scorer = search.scorer("d")
    law, trials, weights = search.law("d"), search.trials("d"), scorer.weights
    assert isinstance(weights, ScoreWeights)
    felt = np.array([law.strata()[t.stratum].felt == 0 for t in trials])
    score = weights.clean @ np.ones(IMAGES) + weights.faulty @ felt
    severe = law.severity.severe_bits
    expected = sum(
        w * CountLaw(severe, rate).probability(0)
        for w, rate in zip(area_weights(RATES), RATES, strict=True)
    )
    assert score == pytest.approx(expected, abs=1e-12)


def test_searches_repeat(tmp_path: Path) -> None:
    found = [list(search_on(NETS["residual"], tmp_path, REQUEST)[1].run({})) for _ in range(2)]
    other = list(search_on(NETS["residual"], tmp_path, replace(REQUEST, seed=1))[1].run({}))
    assert found[0] == found[1]
    assert found[0] != other


def test_finished_sites_are_not_searched_again(tmp_path: Path) -> None:
    whole = list(search_on(NETS["residual"], tmp_path, REQUEST)[1].run({}))
    calls: list[None] = []
    _, search = search_on(NETS["residual"], tmp_path, REQUEST, alive=lambda: calls.append(None))
    assert list(search.run({s.value: s for s in whole})) == whole
    assert calls == []
    assert list(search.run({whole[0].value: whole[0]})) == whole
    assert calls


def test_a_spent_budget_leaves_the_rest_at_the_maximum(tmp_path: Path) -> None:
    _, search = search_on(NETS["residual"], tmp_path, REQUEST)
    answers = iter([False, True])
    found = list(search.run({}, lambda: next(answers)))
    assert [s.value for s in found] == ["b"]


def test_data_and_model_of_the_fixture_are_what_they_seem() -> None:
    assert len(data_of(NETS["plain"])) == IMAGES
    assert proto_of(NETS["fixed batch"]).graph.input[0].type.tensor_type.shape.dim[0].dim_value == 5
