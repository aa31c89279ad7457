"""The Python API of `check` and `annotate`: the figures of the commands, from arrays as well."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

import analyzer
from analyzer import errors
from tests.support import invoke, tiny_cnn, tiny_data


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_cnn(tmp_path / "m.onnx")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tiny_data(tmp_path / "d.npz")


def test_check_gives_the_figures_of_the_command(model: Path, data: Path, tmp_path: Path) -> None:
    found = analyzer.check(model, data=data)
    run = invoke("check", model, "--data", data, "--json", tmp_path / "r.json")
    assert (run.code, run.out) == (0, found.to_text())
    assert json.loads(found.to_json()) == json.loads((tmp_path / "r.json").read_text())
    assert [row["value"] for row in found.rows()] == [r.value for r in found.record.recipes]


def test_check_takes_arrays_and_bytes(model: Path, data: Path) -> None:
    with np.load(data) as archive:
        pair = (archive["images"], archive["labels"])
    found = analyzer.check(model.read_bytes(), data=pair).record
    assert found.recipes == analyzer.check(model, data=data).record.recipes


def test_what_is_expected_of_the_best_recipe_is_held_against_it(model: Path, data: Path) -> None:
    best = analyzer.check(model, data=data).record.best.value
    assert best is not None
    assert analyzer.check(model, data=data, expect=f"top1={best}").record.best.value == best
    with pytest.raises(errors.UnexpectedAccuracy):
        analyzer.check(model, data=data, expect="top1=0.01")


@pytest.mark.parametrize(
    "labels", ["cat,dog,emu,yak", ["cat", "dog", "emu", "yak"], ("cat", "dog", "emu", "yak")]
)
def test_annotate_returns_the_model_and_writes_it(
    labels: str | list[str], model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "fed.onnx"
    made = analyzer.annotate(model, scale="1/16", mean=[0.5], labels=labels, out=out)
    assert out.read_bytes() == made.model.SerializeToString(deterministic=True)
    assert made.entries["scale"] == "0.0625"
    assert made.entries["mean"] == "0.5"
    assert made.entries["labels"] == "cat,dog,emu,yak"
    assert "relcheck.scale = 0.0625" in str(made)


def test_annotate_takes_a_model_that_a_program_holds(model: Path) -> None:
    made = analyzer.annotate(onnx.load(model), color="BGR").model
    entries = {p.key: p.value for p in made.metadata_props}
    assert entries == {"relcheck.color": "BGR"}


def test_annotate_refuses_what_means_nothing(model: Path, data: Path) -> None:
    with pytest.raises(errors.BadOption, match="nothing to write"):
        analyzer.annotate(model)
    with pytest.raises(errors.BadOption, match="give --out as well"):
        analyzer.annotate(model, data=data)
