"""Repetitions of a protocol: the law of their patterns, each pass by the oracle, their error."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Answer
from analyzer.campaign.cells import cell_named
from analyzer.campaign.repetition_cells import RepetitionCell
from analyzer.campaign.repetitions import error_of_mean, run_repetitions
from analyzer.campaign.result import Stop
from analyzer.campaign.tasks import WHOLE, Shard
from analyzer.faults.models import FaultPattern
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from tests.campaign.contexts import (
    AtOnce,
    Charges,
    Memory,
    Results,
    SilentObserver,
    run,
    shared_results,
    tiny_analysis,
)
from tests.strategies import examples
from tests.support import ROOT, invoke, tiny_cnn, tiny_data

RATE = 1e-3


@examples(50)
@given(st.floats(0.0, 1.0, exclude_min=True, exclude_max=True))
def test_a_cell_is_found_by_its_name(rate: float) -> None:
    assert cell_named(RepetitionCell(rate).name) == RepetitionCell(rate)


def test_patterns_are_those_of_independent_bits() -> None:
    """Counts and places of 4,000 patterns against Binomial(bits, rate), empty ones included."""
    context = shared_results().context
    bits, cell = context.space.bits, RepetitionCell(RATE)
    draws = [cell.draw(context.patterns, context.golden.ends, i) for i in range(4_000)]
    counts = np.array([len(draw.pattern) for draw in draws])
    mean, variance = bits * RATE, bits * RATE * (1.0 - RATE)
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / 4_000))
    assert counts.var() == pytest.approx(variance, rel=0.12)
    assert (counts == 0).mean() == pytest.approx((1.0 - RATE) ** bits, abs=0.02)
    places = np.concatenate([draw.pattern.sites for draw in draws])
    quarters = np.bincount(places * 4 // bits, minlength=4) / len(places)
    assert quarters == pytest.approx([0.25] * 4, abs=0.03)
    batches = len(context.golden.ends)
    assert [list(draw.batches) for draw in draws[: 2 * batches]] == [
        [number % batches] for number in range(2 * batches)
    ]


def test_each_repetition_is_a_pass_over_all_images(tmp_path: Path) -> None:
    """Every pass again, by editing the file and counting right answers by hand."""
    analysis = tiny_analysis(tmp_path, rates="1e-3")
    context = analysis.context
    found, stop = run_repetitions(
        context, 5, AtOnce(Results(context)), Memory(), Charges(), SilentObserver(), WHOLE
    )
    assert stop is None
    oracle, batches = RewriteExecutor(analysis.model, analysis.space), context.golden.batches
    wanted = []
    for repetition in range(5):
        right = 0
        for number, batch in enumerate(batches):
            index = repetition * len(batches) + number
            pattern = (
                RepetitionCell(RATE).draw(context.patterns, context.golden.ends, index).pattern
            )
            right += _right(oracle, batch, pattern, context.golden.input_name)
        wanted.append(right / context.golden.images)
    assert len(set(wanted)) > 1
    assert found[0].values == pytest.approx(tuple(wanted), abs=1e-12)


def _right(oracle: RewriteExecutor, batch: Any, pattern: FaultPattern, name: str) -> int:
    with oracle.inject(pattern) as faulty:
        answer = faulty(batch.feeds(name))
    assert isinstance(answer, Answer)
    rows = answer.outputs[0][: batch.images]
    announced = ~np.isfinite(rows).all(axis=1)
    return int(((rows.argmax(axis=1) == batch.labels) & ~announced).sum())


def test_a_budget_leaves_whole_repetitions_alone() -> None:
    results = shared_results()
    found, stop = run_repetitions(
        results.context, 40, AtOnce(results), Memory(), Charges(3), SilentObserver(), WHOLE
    )
    assert stop is Stop.BUDGET
    assert 0 < sum(len(one.values) for one in found) < 80
    batches = len(results.context.golden.batches)
    assert all(len(one.values) <= 16 * 3 // batches for one in found)


def test_known_blocks_are_not_run_again_and_shards_join() -> None:
    results, whole = shared_results(), Memory()
    context = results.context
    every = run_repetitions(context, 9, AtOnce(results), whole, Charges(), SilentObserver(), WHOLE)
    joined = Memory()
    for index in range(2):
        pool = AtOnce(results)
        run_repetitions(context, 9, pool, joined, Charges(), SilentObserver(), Shard(index, 2))
        assert pool.sent
    assert joined.blocks.keys() == whole.blocks.keys()
    idle = AtOnce(results)
    again = run_repetitions(context, 9, idle, joined, Charges(), SilentObserver(), WHOLE)
    assert not idle.sent
    assert [one.values for one in again[0]] == [one.values for one in every[0]]


def test_the_error_is_the_spread_of_such_means() -> None:
    """Means of five passes, a hundred of them, against the error that a sweep predicts."""
    results = shared_results()
    context = results.context
    strata = next(rate for rate in run(context, AtOnce(results)).rates if rate.rate == RATE).strata
    sizes = [batch.images for batch in context.golden.batches]
    predicted = error_of_mean(strata, sizes, 5)
    assert predicted is not None
    found, _ = run_repetitions(
        context, 500, AtOnce(results), Memory(), Charges(), SilentObserver(), WHOLE
    )
    values = next(np.array(one.values) for one in found if one.rate == RATE)
    spread = values.reshape(100, 5).mean(axis=1).std(ddof=1)
    assert spread == pytest.approx(predicted, rel=0.3)


def test_the_command_takes_the_settings_of_the_study(tmp_path: Path) -> None:
    target, page = tmp_path / "r.json", tmp_path / "r.html"
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    flags = ("--data", data, "--protocol", "MILAZZO2025", "--precision", "0.2", "--journal", "none")
    done = invoke(model, *flags, "--json", target, "--html", page)
    assert done.code == 0, done.err
    report = json.loads(target.read_text())
    assert (report["plan"]["encoding"], report["plan"]["exposure"]) == ("q15.16", "transient")
    rates = [row["rate"] for row in report["rates"]]
    assert rates == [1e-8, 3e-8, 1e-7, 3e-7, 1e-6, 3e-6, 1e-5, 3e-5]
    part = report["repetitions"]
    assert (part["repetitions"], part["differs"]) == (5, [])
    assert all(len(row["values"]) == 5 for row in part["rates"])
    assert "mean of 5 repetitions" in " ".join(done.out.split())
    assert "Protocol milazzo2025" in page.read_text()
    again = invoke("report", target)
    assert again.out == done.out


def test_what_is_given_goes_before_the_protocol_and_is_told(tmp_path: Path) -> None:
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    flags = ("--data", data, "--protocol", "milazzo2025", "--journal", "none")
    changed = ("--rates", "1e-3", "--encoding", "stored", "--batch", "8", "--precision", "0.2")
    done = invoke(model, *flags, *changed)
    assert done.code == 0, done.err
    for text in ("bit error rates 1e-3", "encoding stored instead of q15.16", "batches of 8"):
        assert f"Not as the protocol has it: {text}" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--exposure", "resident"], "leave --exposure resident out"),
        (["--until", "gate", "--gate", "top1 >= 0.5 @ 1e-6"], "leave --until gate out"),
        (["--target", "nowhere.toml"], "--protocol does not go with --target"),
    ],
)
def test_what_contradicts_the_protocol_is_refused(more: list[str], said: str) -> None:
    model = ROOT / "models" / "digits_resnet.onnx"
    done = invoke("run", model, "--protocol", "milazzo2025", *more)
    assert done.code == 2
    assert said in done.err
    wrong = invoke("run", model, "--protocol", "milazzo2024")
    assert (wrong.code, "did you mean" in wrong.err) == (2, True)
