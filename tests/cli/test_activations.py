"""`relcheck activations` from the command line: forms, several models, and bad input."""

import csv
import json
from pathlib import Path

import jsonschema
import pytest

from tests.support import ROOT, invoke, parse_model, save, tiny_cnn, tiny_data

SCHEMA = ROOT / "docs" / "activations.schema.json"
QUICK = ("--precision", "0.2", "--batch", "8")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_cnn(tmp_path / "cnn.onnx")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tiny_data(tmp_path / "data.npz")


def test_all_forms_are_written(model: Path, data: Path, tmp_path: Path) -> None:
    safe = tmp_path / "safe.onnx"
    hardened = invoke("harden", model, "--method", "actmax", "--data", data, "-o", safe)
    assert hardened.code == 0, hardened.err
    files = {form: tmp_path / f"a.{form}" for form in ("json", "html", "csv")}
    flags = [word for form, path in files.items() for word in (f"--{form}", path)]
    rates = ("--rates", "1e-4,1e-2")
    run = invoke("activations", model, safe, "--data", data, *rates, *QUICK, *flags)
    assert run.code == 0, run.err
    assert "share of the values beyond the threshold, %" in run.out
    found = json.loads(files["json"].read_text("utf-8"))
    jsonschema.validate(found, json.loads(SCHEMA.read_text("utf-8")))
    assert [one["paired"] for one in found["models"]] == [False, True]
    rows = list(csv.DictReader(files["csv"].read_text("utf-8").splitlines()))
    assert {row["rate"] for row in rows} == {"0.0", "0.0001", "0.01"}
    assert "<svg" in files["html"].read_text("utf-8")
    assert "relcheck activations" in found["run"]["command"]


def test_without_faults_alone(model: Path, data: Path) -> None:
    run = invoke("activations", model, "--data", data, "--rates", "none", *QUICK)
    assert run.code == 0, run.err
    assert "under faults" not in run.out
    assert "patterns" not in run.out


def test_json_goes_to_standard_output(model: Path, data: Path) -> None:
    words = ("--data", data, "--rates", "none", "--json", "-")
    run = invoke("activations", model, *words)
    assert run.code == 0, run.err
    assert json.loads(run.out)["kind"] == "activations"


BAD = {
    "no model": (("nowhere.onnx",), "file-missing", "there is no file"),
    "rates": (("cnn.onnx", "--rates", "2"), "bad-rates", "2"),
    "exposure": (("cnn.onnx", "--exposure", "soon"), "bad-option", "soon"),
    "no thresholds": (
        ("cnn.onnx", "--thresholds", "no.json"),
        "file-missing",
        "no thresholds file",
    ),
    "bad thresholds": (("cnn.onnx", "--thresholds", "t.json"), "bad-thresholds", "t.json"),
    "other thresholds": (
        ("cnn.onnx", "--thresholds", "other.json"),
        "bad-thresholds",
        "another model",
    ),
    "data": (("cnn.onnx", "--data", "nothing.npz"), "file-missing", "nothing.npz"),
    "no activation": (("plain.onnx",), "nothing-to-bound", "no activation"),
    "own range": (("sigmoid.onnx",), "nothing-to-bound", "by definition"),
    "selection": (("cnn.onnx", "--include", "nothing*"), "empty-selection", "nothing*"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_in_a_sentence(
    name: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, slug, says = BAD[name]
    head = '<ir_version: 8, opset_import: ["" : 17]> m (float[N, 2] x) => (float[N, 2] y) '
    weights = "<float[2, 2] w = {1.0, 0.0, 0.0, 1.0}>"
    save(parse_model(f"{head}{weights} {{ y = MatMul (x, w) }}"), tmp_path / "plain.onnx")
    squashed = f"{head}{weights} {{ z = MatMul (x, w)  y = Sigmoid (z) }}"
    save(parse_model(squashed), tmp_path / "sigmoid.onnx")
    (tmp_path / "t.json").write_text("[]", "utf-8")
    other = {"format": "1.0", "method": "actmax", "model_sha256": "", "calibration": None}
    bounds = {"thresholds": {"elsewhere": {"low": None, "high": 1.0}}}
    (tmp_path / "other.json").write_text(json.dumps({**other, **bounds}), "utf-8")
    monkeypatch.chdir(tmp_path)
    run = invoke("activations", *words)
    assert run.code == 2
    assert says in run.err
    assert run.err.endswith(f"[{slug}]\n")


def test_the_message_names_the_model_of_several(model: Path, tmp_path: Path) -> None:
    head = '<ir_version: 8, opset_import: ["" : 17]> m (float[N, 2] x) => (float[N, 2] y) '
    text = f"{head}<float[2, 2] w = {{1.0, 0.0, 0.0, 1.0}}> {{ y = MatMul (x, w) }}"
    plain = save(parse_model(text), tmp_path / "plain.onnx")
    run = invoke("activations", model, plain, "--rates", "none")
    assert run.code == 2
    assert "plain.onnx" in run.err


def test_a_spent_budget_is_no_success(model: Path, data: Path) -> None:
    run = invoke("activations", model, "--data", data, "--rates", "1e-3", "--budget", "0.001s")
    assert run.code == 3
    assert "cut short by the budget" in run.out
