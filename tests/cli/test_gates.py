"""Gates of a run: levels, waivers, and conditions that no run could meet."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_bad_input import assert_sentence
from tests.support import Run, invoke, tiny_cnn

HARD, EASY = "top1 >= 0.87 @ 1e-2", "top1 >= 0.1 @ 1e-2"
IMPOSSIBLE = "top1 >= 0.99 @ 1e-2"
"""Of the tiny model, 7 of 8 answers are right without faults."""


def gated(model: Path, data: Path, *words: str | Path) -> tuple[Run, dict[str, Any]]:
    """A run, and its JSON report."""
    target = model.parent / "r.json"
    common = ("--rates", "1e-2", "--precision", "0.1", "--journal", "none", "--json", target)
    run = invoke("run", model, "--data", data, *common, *words)
    found: dict[str, Any] = json.loads(target.read_text()) if target.exists() else {}
    return run, found


def waivers(folder: Path, gate: str, days: int) -> Path:
    """A file that waives a gate for so many days from today."""
    day = datetime.now(UTC).date() + timedelta(days=days)
    path = folder / "waivers.toml"
    path.write_text(f'[[waiver]]\ngate = "{gate}"\nreason = "ticket 7"\nexpires = {day}\n')
    return path


def test_a_warning_is_told_and_does_not_decide(model: Path, data: Path) -> None:
    assert gated(model, data, "--gate", HARD)[0].code == 1
    run, found = gated(model, data, "--gate", f"warn: {HARD}", "--gate", EASY)
    assert (run.code, found["gate"]["verdict"]) == (0, "pass")
    assert [c["level"] for c in found["gate"]["conditions"]] == ["warning", "error"]
    assert "the verdict of the gate does not depend on it" in " ".join(run.out.split())


@pytest.mark.parametrize(("days", "code"), [(0, 0), (30, 0), (-1, 1)])
def test_a_waiver_excuses_until_its_day(
    days: int, code: int, model: Path, data: Path, tmp_path: Path
) -> None:
    words = ("--gate", HARD, "--waivers", waivers(tmp_path, HARD, days))
    run, found = gated(model, data, *words)
    assert run.code == code, run.err
    (part,) = found["gate"]["conditions"]
    assert (part["verdict"], part["waiver"]["expired"]) == ("fail", days < 0)
    assert part["waiver"]["reason"] == "ticket 7"
    assert "ticket 7" in run.out
    assert ("expired on" in run.err) == (days < 0)


def test_a_waiver_that_fits_no_gate_is_told(model: Path, data: Path, tmp_path: Path) -> None:
    words = ("--gate", EASY, "--waivers", waivers(tmp_path, "sdc <= 0.1 @ 1e-6", 1))
    run, _ = gated(model, data, *words)
    assert run.code == 0
    assert "waives sdc <= 0.1 @ 1e-6, which is no condition of this gate" in run.err


@pytest.mark.parametrize(
    ("text", "says"), [(None, "cannot be read"), ("[[waiver]]", "needs its gate and a reason")]
)
def test_a_bad_file_of_waivers_is_a_sentence(
    text: str | None, says: str, model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "w.toml"
    if text is not None:
        path.write_text(text)
    run = invoke("run", model, "--gate", EASY, "--waivers", path)
    assert_sentence(run, "bad-gate", says)


def test_what_cannot_pass_fails_at_once(model: Path, data: Path, tmp_path: Path) -> None:
    run, found = gated(model, data, "--gate", IMPOSSIBLE, "--gate", EASY)
    assert (run.code, found["gate"]["verdict"]) == (1, "fail")
    assert found["rates"][0]["trials"] == 0
    assert "fault-free model is below this floor" in found["gate"]["conditions"][0]["reason"]
    assert "The fault-free model is below this floor already" in " ".join(run.out.split())
    assert "the budget ended" not in run.out
    warned, found = gated(model, data, "--gate", f"warn: {IMPOSSIBLE}", "--gate", EASY)
    assert (warned.code, found["rates"][0]["trials"] > 0) == (0, True)
    excused = waivers(tmp_path, IMPOSSIBLE, 1)
    waived, found = gated(model, data, "--gate", IMPOSSIBLE, "--waivers", excused)
    assert (waived.code, found["rates"][0]["trials"] > 0) == (0, True)


@pytest.mark.parametrize("gate", ["sdc >= 0 @ 1e-2", "top1 <= 0.9 @ 1e-2", "masked <= 1 @ 1e-2"])
def test_a_gate_that_rewards_harm_is_refused(gate: str, model: Path) -> None:
    assert_sentence(invoke("run", model, "--gate", gate), "bad-gate", "rewards harm")


# Against a reference


def compared(
    first: Path, second: Path, data: Path, *words: str | Path
) -> tuple[Run, dict[str, Any]]:
    """A comparison, and its JSON report."""
    target = second.parent / "c.json"
    common = ("--rates", "1e-3", "--precision", "0.1", "--journal", "none", "--json", target)
    run = invoke("compare", first, second, "--data", data, *common, *words)
    return run, json.loads(target.read_text())


def worse(model: Path) -> Path:
    """A model whose last layer is another one's: its answers have little to do with the labels."""
    return tiny_cnn(model.parent / "worse.onnx", seed=9)


def test_a_regression_fails_and_equality_passes(model: Path, data: Path) -> None:
    same = model.with_name("same.onnx")
    same.write_bytes(model.read_bytes())
    gate = ("--gate", "top1 >= A - 0.2 @ 1e-3")
    run, found = compared(model, same, data, *gate)
    assert (run.code, found["gate"]["verdict"]) == (0, "pass"), run.out
    run, found = compared(model, worse(model), data, *gate)
    assert (run.code, found["gate"]["verdict"]) == (1, "fail"), run.out
    (part,) = found["gate"]["conditions"]
    row = found["models"][1]["rates"][0]
    assert part["evidence"] == row["difference"]["metric"], "the paired difference is judged"
    assert "B: top1 >= A - 0.2 @ 1e-3" in run.out
    run, _ = compared(worse(model), model, data, *gate)
    assert run.code == 0, "to be better is no regression"


def test_the_gate_of_a_comparison_is_in_every_form(model: Path, data: Path, tmp_path: Path) -> None:
    gate = ("--gate", "top1 >= A - 0.2 @ 1e-3", "--gate", "warn: sdc <= A @ 1e-3")
    forms = {name: tmp_path / name for name in ("markdown", "junit", "sarif", "github", "html")}
    words = [w for name, path in forms.items() for w in ("--format", f"{name}={path}")]
    run, _ = compared(model, worse(model), data, *gate, *words)
    assert run.code == 1
    for name, path in forms.items():
        assert "A - 0.2" in path.read_text(), name
    (result, *_) = json.loads(forms["sarif"].read_text())["runs"][0]["results"]
    assert result["ruleId"] == "gate-top1-regression"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "worse.onnx"
    again = invoke("report", model.parent / "c.json")
    assert (again.code, again.out) == (1, run.out)


def test_a_rate_of_a_gate_is_run(model: Path, data: Path) -> None:
    _, found = compared(model, worse(model), data, "--gate", "top1 >= A @ 1e-2")
    assert [row["rate"] for row in found["models"][0]["rates"]] == [1e-3, 1e-2]


def test_a_missing_baseline_has_its_own_message(model: Path, data: Path) -> None:
    run = invoke("compare", "main.onnx", model, "--data", data, "--gate", "top1 >= A @ 1e-2")
    assert_sentence(run, "baseline-missing", "there is no reference main.onnx")
