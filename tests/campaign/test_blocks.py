"""Blocks: pure functions of the plan and their place, and texts that can be read back."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Failure, Feeds, Result
from analyzer.campaign.blocks import BLOCK_TRIALS, Block, BlockResult, run_block
from analyzer.campaign.cells import Cell
from analyzer.campaign.golden_answers import GoldenAnswers, GoldenRun
from analyzer.campaign.workers.payload import WorkerPayload, from_buffer
from analyzer.errors import GoldenFailed
from analyzer.evaluation.class_harm import ClassHarm
from analyzer.evaluation.outcomes import Outcomes
from analyzer.jobs.prepare import prepare_sweep
from analyzer.jobs.requests.campaigns import SweepRequest
from analyzer.jobs.requests.settings import ask
from analyzer.model import load_model
from analyzer.runtime.layout.layout import Route
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from tests.campaign.contexts import Results, shared_results, tiny_analysis, zero_clock
from tests.runtime.benches import MODELS
from tests.runtime.zoo import ZOO
from tests.strategies import examples
from tests.support import save

counts = st.integers(0, 10**6)
harm = st.lists(st.builds(ClassHarm, counts, counts, counts), max_size=3).map(tuple)
outcomes = st.builds(Outcomes, *[counts] * 7, by_class=harm)
cells = st.builds(Cell, st.floats(1e-12, 0.5), st.integers(0, 6))
blocks = st.builds(Block, cells, st.integers(0, 10**6))
results = st.builds(
    BlockResult,
    blocks,
    st.lists(outcomes, min_size=BLOCK_TRIALS, max_size=BLOCK_TRIALS).map(tuple),
    st.lists(st.integers(0, 10**6), max_size=BLOCK_TRIALS).map(tuple),
)


@examples(100)
@given(results)
def test_results_are_read_back_as_they_were_written(result: BlockResult) -> None:
    assert BlockResult.from_json(result.to_json()) == result


@examples(100)
@given(results)
def test_results_have_no_nested_braces(result: BlockResult) -> None:
    """A damaged journal is searched for texts between braces."""
    assert set(result.to_json()[1:-1]).isdisjoint("{}")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.pop("crashed"),
        lambda content: content.pop("cell"),
        lambda content: content["outcomes"].pop(),
        lambda content: content["outcomes"][0].append(1),
        lambda content: content.update(index="first"),
        lambda content: content.update(cell=7),
        lambda content: content.update(outcomes=None),
    ],
)
def test_other_texts_are_refused(spoil: object) -> None:
    assert callable(spoil)
    content = json.loads(BlockResult(Block(Cell(1e-3), 0), (Outcomes(),) * BLOCK_TRIALS).to_json())
    spoil(content)
    with pytest.raises(ValueError, match=r"block result|invalid literal"):
        BlockResult.from_json(json.dumps(content))


def test_a_block_is_its_trials_run_alone_in_any_order() -> None:
    context = shared_results().context
    block = Block(Cell(1e-2, 1), 3)
    alone = {index: context.trial(block.cell, index) for index in reversed(block.trials)}
    run_block(context, Block(Cell(1e-3), 0), zero_clock)
    assert run_block(context, block, zero_clock).outcomes == tuple(alone[i] for i in block.trials)


def set_up(
    tmp_path: Path, threads: int, run: Callable[[Feeds], Result] | None = None
) -> GoldenAnswers:
    """The golden answers of `tiny_analysis`, run on so many threads."""
    ready = tiny_analysis(tmp_path, batch=2)
    of, executor = ready.context.golden, ready.executor
    assert executor.threaded
    if run is not None:  # a model that fails is hard to come by
        vars(executor)["run"] = run
    return GoldenRun(of.judge, of.input_name, of.batches, threads=threads).answers(executor)


def test_golden_answers_are_the_same_on_several_threads(tmp_path: Path) -> None:
    """Fails if the answers are taken as they come."""
    one, four = (set_up(tmp_path, threads) for threads in (1, 4))
    assert len(one.by_batch) > 8
    assert one.digests == four.digests
    assert [g.scores.tolist() for g in one.by_batch] == [g.scores.tolist() for g in four.by_batch]


def test_a_golden_run_that_fails_ends_the_others(tmp_path: Path) -> None:
    """Fails without `cancel_futures`: all of the data set would be run before the sentence."""
    ran: list[Feeds] = []

    def fails(feeds: Feeds) -> Result:
        ran.append(feeds)
        time.sleep(0.01)
        return Failure("of this test")

    with pytest.raises(GoldenFailed, match="of this test"):
        set_up(tmp_path, 2, fails)
    assert len(ran) < 8


def test_only_executors_that_keep_nothing_run_on_several_threads(tmp_path: Path) -> None:
    bound = tiny_analysis(tmp_path, device="cpu-bound")
    assert not bound.executor.threaded
    assert not RewriteExecutor(bound.model, bound.space).threaded


def test_trials_of_different_blocks_are_different_trials() -> None:
    """Else independence of the number of workers would be no feat."""
    found = shared_results()
    assert len({found[Block(Cell(1e-2, 1), index)].outcomes for index in range(4)}) == 4


@pytest.mark.parametrize("exposure", ["transient", "resident"])
def test_an_unpacked_context_finds_the_same(exposure: str, tmp_path: Path) -> None:
    analysis = tiny_analysis(tmp_path, exposure=exposure)
    content = b"".join(WorkerPayload.of(analysis.context, analysis.model).parts())
    here, there = Results(analysis.context), Results(from_buffer(content).unpack())
    for rate in analysis.context.plan.rates:
        block = Block(Cell(rate), 1)
        assert here[block] == there[block]
    assert from_buffer(content).unpack().golden.digests == analysis.context.golden.digests


@pytest.mark.parametrize("name", ZOO)
def test_every_element_type_and_layout_is_sent(name: str, tmp_path: Path) -> None:
    """Arrays travel outside the pickled records: those of unusual types must arrive as well."""
    model = save(ZOO[name].build(), tmp_path / "m.onnx")
    analysis = prepare_sweep(ask(SweepRequest, {"rates": "1e-2", "images": 2}, model=model))
    content = b"".join(WorkerPayload.of(analysis.context, analysis.model).parts())
    there = from_buffer(content).unpack()
    cell = Cell(1e-2)
    assert [there.trial(cell, i) for i in range(4)] == [
        analysis.context.trial(cell, i) for i in range(4)
    ]


def file_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat small models as large ones."""
    probing = ("layout.LEAST_FILED", "prober.LEAST_NOISE_FILED")
    for limit in ("model.LARGE", "model.WORTH_A_FILE", *(f"runtime.layout.{p}" for p in probing)):
        monkeypatch.setattr(f"analyzer.{limit}", 0)


@pytest.mark.parametrize("encoding", ["stored", "q15.16"])
@pytest.mark.parametrize("name", ZOO)
def test_weights_in_files_are_sent_by_name(
    name: str, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As weights of large models are: on this machine, contents are in no payload."""
    path = save(ZOO[name].build(), tmp_path / "m.onnx")
    asked = {"rates": "1e-2", "images": 2, "encoding": encoding}
    request = ask(SweepRequest, asked, model=path)
    plain = prepare_sweep(request)
    file_everything(monkeypatch)
    analysis = prepare_sweep(request)
    layout = analysis.executor.layout
    assert analysis.model.file is not None
    assert layout is not None
    assert layout.file is not None
    payload = WorkerPayload.of(analysis.context, analysis.model, layout=layout)
    content = b"".join(payload.parts([analysis.model.file, layout.file]))
    there = from_buffer(content).unpack()
    assert isinstance(there.executor, LiveExecutor)
    assert plain.executor.layout is not None
    assert there.executor.layout.routes == plain.executor.layout.routes
    cell = Cell(1e-2)
    expected = [plain.context.trial(cell, i) for i in range(4)]
    assert [there.trial(cell, i) for i in range(4)] == expected
    assert [analysis.context.trial(cell, i) for i in range(4)] == expected
    there.executor.check_golden()


def test_what_is_in_files_already_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    file_everything(monkeypatch)
    path = MODELS / "digits_resnet.onnx"
    analysis = prepare_sweep(ask(SweepRequest, {"images": 8}, model=path))
    layout = analysis.executor.layout
    assert analysis.model.file is not None
    assert layout is not None
    assert layout.file is not None
    payload = WorkerPayload.of(analysis.context, analysis.model, layout=layout)
    whole = sum(map(len, payload.parts()))
    short = sum(map(len, payload.parts([analysis.model.file, layout.file])))
    assert whole - short > 1.9 * path.stat().st_size  # as the file has them, and as they are run


def test_tensors_that_are_not_selected_keep_their_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a file they are as well, though no fault hits them."""
    file_everything(monkeypatch)
    path = save(ZOO["conv_blocked"].build(), tmp_path / "m.onnx")
    asked = {"rates": "1e-2", "images": 2, "include": ["w1"]}
    analysis = prepare_sweep(ask(SweepRequest, asked, model=path))
    assert [t.name for t in analysis.space.tensors] == ["w1"]
    assert analysis.executor.layout is not None
    assert analysis.executor.layout.routes == {"w1": Route.IN_PLACE}
    oracle = RewriteExecutor(load_model(path), analysis.space)
    feeds = analysis.context.golden.batches[0].feeds("x")
    assert analysis.executor.run(feeds).same_as(oracle.run(feeds))
