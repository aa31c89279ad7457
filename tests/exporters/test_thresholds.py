"""Thresholds files: what is kept, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.errors import BadThresholds, FileMissing
from exporters.hardening.activations.survey import ActivationSite, Side
from exporters.hardening.bounds.thresholds import (
    Calibration,
    Threshold,
    ThresholdFile,
    check_thresholds,
    read_thresholds,
)

SITES = (ActivationSite("a", "Relu", Side.ONE, 1), ActivationSite("b", "Elu", Side.TWO, 1))
BOUNDS = {"a": Threshold(high=float(np.float32(0.1))), "b": Threshold(low=-1.0, high=1e-40)}
KEPT = ThresholdFile(
    method="actmax",
    model_sha256="1" * 64,
    calibration=Calibration(data="train.npz", sha256="2" * 64, images=7),
    thresholds=BOUNDS,
)


def test_what_is_written_is_read_back_to_the_last_bit(tmp_path: Path) -> None:
    path = tmp_path / "thresholds.json"
    path.write_text(KEPT.to_json(), "utf-8")
    assert read_thresholds(path) == KEPT


def test_own_thresholds_are_accepted() -> None:
    check_thresholds(BOUNDS, SITES, "t.json")


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ({"a": BOUNDS["a"]}, "has no threshold for 'b'"),
        ({**BOUNDS, "c": BOUNDS["a"]}, "names 'c', which the model does not have"),
        ({"c": BOUNDS["a"], "d": BOUNDS["a"]}, "for 'a' and 1 others and names 'c' and 1 others,"),
        ({"a": BOUNDS["b"], "b": BOUNDS["b"]}, "there 'a' is not one-sided"),
        ({"a": BOUNDS["a"], "b": BOUNDS["a"]}, "there 'b' is not two-sided"),
    ],
)
def test_thresholds_of_another_model_are_refused(bounds: dict[str, Threshold], says: str) -> None:
    with pytest.raises(BadThresholds) as refused:
        check_thresholds(bounds, SITES, "t.json")
    assert str(refused.value).startswith("t.json belongs to another model: ")
    assert says in str(refused.value)


def changed(**entries: Any) -> str:
    return json.dumps({**json.loads(KEPT.to_json()), **entries})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Invalid JSON"),
        ("[1]", "the file"),
        ("{}", "method"),
        (changed(format="9.0"), "format"),
        (changed(thresholds={"a": {"high": "many"}}), "thresholds.a.high"),
        (changed(thresholds={"a": {"high": 1e999}}), "thresholds.a.high"),
        (changed(thresholds={"a": {"high": -1.0}}), "thresholds.a"),
        (changed(thresholds={"a": {"low": 2.0, "high": 1.0}}), "lower bound is above"),
        (changed(thresholds={"a": {"high": 1.0, "width": 1}}), "thresholds.a.width"),
        (changed(more=1), "more"),
        (changed(method="ACT MAX"), "method"),
    ],
)
def test_other_files_are_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(text, "utf-8")
    with pytest.raises(BadThresholds, match=r"is no thresholds file of relcheck") as refused:
        read_thresholds(path)
    assert says in str(refused.value)


def test_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadThresholds, match="it is no text"):
        read_thresholds(tmp_path / "t.json")


def test_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="there is no thresholds file"):
        read_thresholds(tmp_path / "t.json")
    with pytest.raises(FileMissing, match="cannot be read"):
        read_thresholds(tmp_path)
