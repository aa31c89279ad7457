"""``--until gate``: a rate ends as soon as its gate is decided."""

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.gate import parse_gate
from tests.support import invoke, tiny_cnn, tiny_data

SETTLED = "top1 >= 0.2 @ 1e-4"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("until")
    tiny_cnn(folder / "m.onnx")
    tiny_data(folder / "m.npz", 48)
    return folder


def rates(place: Path, *options: str, journal: str = "none") -> list[dict[str, Any]]:
    report = place / "r.json"
    run = invoke("run", place / "m.onnx", *options, "--journal", journal, "--json", report)
    assert run.code in (0, 1), run.err
    found: list[dict[str, Any]] = json.loads(report.read_text())["rates"]
    return found


def test_a_clear_gate_takes_fewer_trials_than_precision(place: Path) -> None:
    (soon,) = rates(place, "--gate", SETTLED, "--until", "gate")
    (late,) = rates(place, "--gate", SETTLED, "--rates", "1e-4")
    assert (soon["stop"], late["stop"]) == ("decided", "precision")
    assert soon["trials"] < late["trials"] / 2


def test_intervals_of_a_decided_rate_are_wider_than_those_of_as_many_trials(place: Path) -> None:
    """Fails without `confidence_at` in `RateState.estimate`: one look would spend all the error."""
    undecided = ("--precision", "0.4", "--rates", "1e-4")
    (plain,) = rates(place, "--gate", SETTLED, *undecided)
    (early,) = rates(place, "--gate", SETTLED, *undecided, "--until", "gate")
    assert early["trials"] == plain["trials"]
    assert early["metric"]["low"] < plain["metric"]["low"]


def test_a_condition_that_fails_decides_the_others_of_its_rate(place: Path) -> None:
    hopeless = ("--gate", "top1 >= 0.99 @ 1e-2", "--gate", "due <= 0.05 @ 1e-2")
    (found,) = rates(place, *hopeless, "--until", "gate")
    assert found["stop"] == "decided"


def test_other_rates_are_run_to_their_precision(place: Path) -> None:
    asked = ("--rates", "1e-3", "--precision", "0.1")
    found = rates(place, "--gate", SETTLED, "--until", "gate", *asked)
    assert [(r["rate"], r["stop"]) for r in found] == [(1e-3, "precision"), (1e-4, "decided")]


def test_trials_of_a_decided_gate_count_when_precision_is_asked_for_later(place: Path) -> None:
    journal = str(place / "run.db")
    common = ("--gate", SETTLED, "--rates", "1e-4")
    rates(place, *common, "--until", "gate", journal=journal)
    resumed = rates(place, *common, journal=journal)
    assert resumed == rates(place, *common)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--until", "gate"], "--until gate needs a --gate"),
        (["--until", "gate", "--gate", SETTLED, "--shard", "1/2"], "has but a share"),
        (["--until", "noon"], "--until"),
    ],
)
def test_what_cannot_be_decided(options: list[str], says: str, place: Path) -> None:
    run = invoke("run", place / "m.onnx", *options)
    assert run.code == 2
    assert says in " ".join(run.err.split())


def test_the_text_says_it(place: Path) -> None:
    run = invoke("run", place / "m.onnx", "--gate", SETTLED, "--until", "gate", "--journal", "none")
    assert "ended once its gate was decided" in run.out
    assert str(parse_gate(SETTLED)) in run.out
