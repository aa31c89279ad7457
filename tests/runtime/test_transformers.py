"""Models other than image classifiers: several inputs, sequences of any length, attention."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from analyzer.answers import Feeds
from analyzer.evaluation.readers import generate_data
from analyzer.faults.count_law import CountLaw
from analyzer.faults.models import parse_fault
from analyzer.faults.sampling import draw_pattern, generator
from analyzer.faults.selection import Selection
from analyzer.model import load_model
from analyzer.runtime.layout.layout import Route
from analyzer.runtime.open import open_live
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.partial.golden_cache import Cache
from tests.runtime.benches import TrialContext, answer, cut_up, partial_runs
from tests.runtime.test_agreement import assert_agree, single_upsets
from tests.support import save
from tests.transformers import text, vision

FLIP = parse_fault("flip")


def build(proto: onnx.ModelProto, folder: Path) -> TrialContext:
    model = load_model(save(proto, folder / "m.onnx"))
    space = model.space(Selection())
    data = generate_data(model.signature, 0, 3)
    feeds: Feeds = {model.signature.name: data.inputs, **data.more}
    live, oracle = open_live(model, space, feeds), RewriteExecutor(model, space)
    return TrialContext(
        model, space, feeds, live, cut_up(model, space, feeds), oracle, live.run(feeds)
    )


@pytest.fixture(scope="module", params=[vision, text], ids=["vision", "text"])
def on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TrialContext:
    return build(request.param(), tmp_path_factory.mktemp("transformer"))


def test_they_agree_with_the_oracle(on: TrialContext) -> None:
    shown = 0
    for index in range(len(on.space.tensors)):
        shown += sum(assert_agree(on, pattern) for pattern in single_upsets(on, index)[::2])
    assert shown > 2 * len(on.space.tensors)
    law = CountLaw(on.space.bits, 1e-4)
    for i in range(20):
        assert_agree(on, draw_pattern(generator("p", "s", i), law, FLIP))


def test_their_weights_are_changed_in_place(on: TrialContext) -> None:
    slow = [n for n, r in on.live.layout.routes.items() if r is Route.RELOAD]
    values = {t.name: t.elements for t in on.space.tensors}
    assert all(values[name] == 1 for name in slow), slow


def test_they_are_cut_where_several_values_pass(on: TrialContext) -> None:
    assert on.cut.partial_runs is not None
    widths = [len(cut.values) for cut in partial_runs(on.cut).cuts]
    assert max(widths) >= 3


def test_sequences_of_other_lengths_run_in_the_same_sessions(tmp_path: Path) -> None:
    """Golden values are kept per batch: their shapes may differ from the sample's."""
    on = build(text(), tmp_path)
    executor = open_live(on.model, on.space, on.feeds, Cache(1 << 30))
    assert executor.partial_runs is not None
    longer = {name: np.tile(values, (1, 2)) for name, values in on.feeds.items()}
    index = [t.name for t in on.space.tensors].index("w_head")
    for pattern in single_upsets(on, index):
        expected = answer(on.oracle, pattern, longer)
        assert all(answer(executor, pattern, longer).same_as(expected) for _ in range(2))
