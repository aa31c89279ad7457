"""Every operator of ONNX, in the models of its own backend suite: analyzed, or one sentence.

Each operator once here, as it is and with its inputs stored; ``make walk`` walks the whole suite.
"""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from analyzer.errors import NotRestored
from analyzer.model import load_model
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from tests.backend import walk as walking
from tests.backend.promise import broken, divides_by_stored_integers
from tests.backend.suite import BackendModel, bake, every_model, every_operator_once
from tests.backend.walk import End, walk, walked
from tests.support import tiny_cnn_proto

PARTS = 8
"""What pytest hands out to processes."""

FEWEST_ANALYZED = 4
"""Of each part: else the suite would only show that models are refused."""


@pytest.mark.parametrize("part", range(PARTS))
def test_every_operator_is_analyzed_or_refused_with_a_sentence(part: int) -> None:
    models = every_operator_once()[part::PARTS]
    steps = list(walk(models))
    assert [step.name for step in steps] == [model.name for model in models]
    wrong = {s.name: broken(m, s) for m, s in zip(models, steps, strict=True)}
    assert {name: why for name, why in wrong.items() if why} == {}
    assert sum(step.end == End.ANALYZED for step in steps) >= FEWEST_ANALYZED


def test_no_operator_of_the_suite_is_left_out() -> None:
    def operators(models: tuple[BackendModel, ...]) -> set[tuple[bool, tuple[str, str]]]:
        return {(m.name.endswith("baked"), op) for m in models for op in m.operators}

    assert operators(every_operator_once()) == operators(every_model())
    assert len({model.name for model in every_model()}) == len(every_model())


# What the walk itself rests on

TINY = BackendModel("tiny", tiny_cnn_proto())


def test_a_sound_model_is_analyzed(tmp_path: Path) -> None:
    step = walked(TINY, tmp_path)
    assert (step.end, step.refusals, broken(TINY, step)) == (End.ANALYZED, (), [])
    assert "bits at risk" in step.text


def test_an_error_that_is_no_refusal_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (ValueError("operands"), NotRestored("a weight is not golden")):

        def fail(_request: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(walking, "inspect_model", fail)
        step = walked(TINY, tmp_path)
        assert step.end == End.BROKEN
        assert str(error) in broken(TINY, step)[0]


def test_weights_that_faults_do_not_reach_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oracle is given other bytes than live weights are."""
    other = BackendModel("other", tiny_cnn_proto(seed=1))
    file = tmp_path / "other.onnx"
    file.write_bytes(other.proto.SerializeToString())
    real = RewriteExecutor
    monkeypatch.setattr(
        walking,
        "RewriteExecutor",
        lambda _model, space, device, **how: real(load_model(file), space, device, **how),
    )
    assert walked(TINY, tmp_path).end == End.DIFFERS


def test_the_walk_goes_on_behind_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(model: BackendModel, folder: Path) -> walking.Step:
        if model.name == "second":
            os.abort()
        return walking.Step(model.name, End.ANALYZED)

    monkeypatch.setattr(walking, "walked", crash)
    models = [BackendModel(name, TINY.proto) for name in ("first", "second", "third")]
    steps = list(walk(models))
    assert [s.end for s in steps] == [End.ANALYZED, End.CRASHED, End.ANALYZED]
    assert "divides by no stored integer" in broken(models[1], steps[1])[0]


def test_inputs_are_stored_but_for_the_first() -> None:
    proto = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> '
        "g (int32[2] a, int32[2] b) => (int32[2] y) { y = Div (a, b) }"
    )
    assert bake(proto, [np.ones(2, np.int32), None]) is None
    baked = bake(proto, [np.ones(2, np.int32), np.array([3, 4], np.int32)])
    assert baked is not None
    assert [i.name for i in baked.graph.input] == ["a"]
    assert onnx.numpy_helper.to_array(baked.graph.initializer[0]).tolist() == [3, 4]
    assert divides_by_stored_integers(baked)
    assert not divides_by_stored_integers(proto)
