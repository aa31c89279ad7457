"""The contract of executors with each acceleration left out in turn, through `without=` alone.

So each can be removed: no other relies on it, and every answer stays what the oracle gives.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadOption
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.runtime.executor import CampaignExecutor
from analyzer.runtime.open import ACCELERATIONS, open_executor
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.acceleration import Acceleration
from analyzer.runtime.stretches.strategy import Use
from tests.runtime.benches import ROOM, TrialContext, answer, build_bench, context
from tests.runtime.zoo.registry import model, normal
from tests.strategies import examples, patterns
from tests.support import save

FLIP = parse_fault("flip")

MODELS = {
    "clipped_blocked": "speculative_bounds",
    "clipped_pooled": "nchwc_layout",
    "qdq_conv_packed": "prepacked_weights",
    "digits_resnet_int8": "recompiled_subgraphs",
    "attention": "partial_execution",
    "large": "copy_on_write_pages",
    "conv_blocked": "live_weights",
}
"""Model -> an acceleration that is in force on it."""


@cache
def large() -> TrialContext:
    """A matrix product whose weights are large enough to be mapped from a file."""
    body = "y = MatMul (x, w)"
    proto = model("float[N, 520] x", "float[N, 520] y", body, {"w": normal(520, 520)})
    with TemporaryDirectory() as folder:
        return build_bench(save(proto, Path(folder) / "m.onnx"))


def context_of(name: str) -> TrialContext:
    return large() if name == "large" else context(name)


@cache
def executor(name: str, without: str = "") -> CampaignExecutor:
    on, left_out = context_of(name), (without,) if without else ()
    use = Use.EVERYWHERE
    return open_executor(on.model, on.space, on.feeds, cache=ROOM, without=left_out, use=use)


def states(of: CampaignExecutor) -> dict[str, Acceleration]:
    return {a.name: a for a in of.accelerations}


@pytest.mark.parametrize("without", ACCELERATIONS)
@pytest.mark.parametrize("name", MODELS)
@examples(4)
@given(data=st.data())
def test_answers_are_those_of_the_oracle(name: str, without: str, data: st.DataObject) -> None:
    on, left = context_of(name), executor(name, without)
    pattern = data.draw(patterns(on.space))
    # Without live weights, every sum runs in the order in which default sessions run it.
    oracle = RewriteExecutor(on.model, on.space) if without == "live_weights" else on.oracle
    assert answer(left, pattern, on.feeds).same_as(answer(oracle, pattern, on.feeds))
    left.check_golden()
    assert left.run(on.feeds).same_as(oracle.run(on.feeds))


@pytest.mark.parametrize("name", MODELS)
def test_what_is_left_out_is_not_in_force(name: str) -> None:
    for without in ACCELERATIONS:
        found = states(executor(name, without))
        assert found.keys() == set(ACCELERATIONS)
        assert not found[without].in_force
        assert found[without].reason == "left out on request"


@pytest.mark.parametrize(("name", "acceleration"), MODELS.items())
def test_each_is_in_force_somewhere(name: str, acceleration: str) -> None:
    """Else to leave it out would prove nothing. Recompiled subgraphs open with their pattern."""
    whole, on = executor(name), context_of(name)
    for bit in range(0, on.space.bits, max(1, on.space.bits // 400)):
        if states(whole)[acceleration].in_force:
            break
        answer(whole, FaultPattern(FLIP, np.array([bit], np.int64)), on.feeds)
    assert states(whole)[acceleration].in_force, states(whole)[acceleration].reason


@pytest.mark.parametrize("name", MODELS)
def test_whatever_is_not_in_force_says_why(name: str) -> None:
    for state in executor(name).accelerations:
        assert state.reason, state.name
        assert not state.reason.endswith(".")


def test_without_live_weights_the_oracle_runs_everything() -> None:
    found = executor("gemm", "live_weights")
    assert isinstance(found, RewriteExecutor)
    assert not any(a.in_force for a in found.accelerations)


def test_a_name_that_is_none_is_refused() -> None:
    on = context("gemm")
    with pytest.raises(BadOption, match="did you mean prepacked_weights"):
        open_executor(on.model, on.space, on.feeds, without=["prepacked-weight"])
