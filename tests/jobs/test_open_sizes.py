"""Sizes that a model leaves open: one that it takes is fed, and the report says which."""

from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer import errors
from tests.support import parse_model, save

QUICK: dict[str, Any] = {"rates": 1e-4, "precision": 0.3, "budget": 5, "jobs": 0}

OPENED = {
    "an image of any size": (
        "(float[N, 3, H, W] x) => (float[N, 2] y) <float[2, 3, 1, 1] w = {1, 2, 3, 4, 5, 6}>"
        "{ c = Conv (x, w) g = GlobalAveragePool (c) y = Flatten (g) }",
        "input 'x' leaves its size open: 224 is fed",
    ),
    "a line of text of one height": (
        "(float[1, 1, 4, W] x) => (float[1, 2, 1, V] y) <float[2, 1, 4, 1] w = {1,2,3,4,5,6,7,8}>"
        "{ y = Conv (x, w) }",
        "input 'x' leaves its size open: 224 is fed",
    ),
    "an image whose rows must be 32": (
        "(float[N, 1, H, W] x) => (float[N, 2] y) <float[1024, 2] w = {WEIGHTS}>"
        "{ f = Flatten (x) y = MatMul (f, w) }",
        "input 'x' leaves its size open: 32 is fed",
    ),
    "a sound of any length": (
        "(float[N, T] x) => (float[N, 1] y) <float[1] w = {2}>"
        "{ s = Mul (x, w) y = ReduceMean <axes = [1]> (s) }",
        "input 'x' leaves its size open: 512 is fed",
    ),
    "a sound and a state of the same open size": (
        "(float[N, T] x, float[N, T] state) => (float[N, 1] y) <float[1] w = {2}>"
        "{ a = Add (x, state) s = Mul (a, w) y = ReduceMean <axes = [1]> (s) }",
        "inputs 'x', 'state' leave their size open: 512 is fed",
    ),
}


def model(folder: Path, body: str) -> Path:
    body = body.replace("{WEIGHTS}", "{" + ",".join(str(i % 7) for i in range(2048)) + "}")
    return save(
        parse_model(f'<ir_version: 8, opset_import: ["" : 17]> g {body}'), folder / "m.onnx"
    )


@pytest.mark.parametrize("name", OPENED)
def test_a_size_that_the_model_takes_is_fed_and_said(name: str, tmp_path: Path) -> None:
    """open_sizes.py: without it every one of these models was refused for want of data."""
    body, said = OPENED[name]
    data = analyzer.run(model(tmp_path, body), **QUICK).record.data
    whole = f"{said}, the first usual size that the model takes; --data gives another"
    assert whole in data.remarks


@pytest.mark.parametrize("name", OPENED)
def test_inspect_and_selftest_take_such_models(name: str, tmp_path: Path) -> None:
    path = model(tmp_path, OPENED[name][0])
    assert analyzer.inspect(path).bits > 0
    engine = analyzer.selftest(path, patterns=3).record.engine
    assert engine is not None
    assert engine.found.agreed


def test_a_model_that_takes_no_usual_size_is_refused_with_what_was_tried(tmp_path: Path) -> None:
    path = model(
        tmp_path,
        "(float[N, 1, H, W] x) => (float[N, 1] y) <float[7, 1] w = {1,2,3,4,5,6,7}>"
        "{ f = Flatten (x) y = MatMul (f, w) }",
    )
    with pytest.raises(errors.UnsupportedSignature, match=r"takes none of the usual sizes .*224"):
        analyzer.run(path, **QUICK)


def test_the_length_of_sequences_of_tokens_is_said(tmp_path: Path) -> None:
    path = model(
        tmp_path,
        "(int64[N, T] ids, float[N, T] mask) => (float[N, 1] y)"
        " <float[9, 1] w = {1,2,3,4,5,6,7,8,9}>"
        "{ e = Gather (w, ids) y = ReduceMean <axes = [1]> (e) }",
    )
    remarks = analyzer.run(path, **QUICK).record.data.remarks
    assert remarks == ["inputs 'ids', 'mask' leave their size open: 32 is fed"]


def test_a_closed_size_is_not_spoken_of(tmp_path: Path) -> None:
    path = model(
        tmp_path,
        "(float[N, 4] x) => (float[N, 1] y) <float[4, 1] w = {1,2,3,4}> { y = MatMul (x, w) }",
    )
    assert not analyzer.run(path, **QUICK).record.data.remarks
