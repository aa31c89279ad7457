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


def gate_of(place: Path, *options: str, code: int) -> tuple[dict[str, Any], str]:
    """The whole report, and its text in one line."""
    report = place / "g.json"
    run = invoke("run", place / "m.onnx", *options, "--journal", "none", "--json", report)
    assert run.code == code, run.err
    found: dict[str, Any] = json.loads(report.read_text())
    return found, " ".join(run.out.split())


def test_a_gate_goes_on_beyond_the_precision(place: Path) -> None:
    """Fails (exit 3 with budget left) if the precision ends a rate whose gate is undecided."""
    coarse = ("--rates", "1e-2", "--precision", "0.2")
    plain, text = gate_of(place, *coarse, "--gate", "masked >= 0 @ 1e-2", code=0)
    point = plain["rates"][0]["sdc"]["estimate"]
    gate = ("--gate", f"sdc <= {point + 0.05:.3f} @ 1e-2")
    cut, text = gate_of(place, *coarse, *gate, code=3)
    assert (cut["gate"]["verdict"], cut["rates"][0]["stop"]) == ("undecided", "precision")
    assert "Undecided: ±20 points were reached, and budget is left (--until gate goes on)" in text
    assert "more trials (" in text
    more = cut["gate"]["conditions"][0]["more_trials"]
    done, text = gate_of(place, *coarse, *gate, "--until", "gate", code=0)
    assert (done["gate"]["verdict"], done["rates"][0]["stop"]) == ("pass", "decided")
    assert "Undecided" not in text
    took = done["rates"][0]["trials"] - cut["rates"][0]["trials"]
    assert more / 8 < took < 8 * more  # looks share the error, and the figure moves
    assert done["gate"]["conditions"][0]["more_trials"] is None


def test_a_gate_that_the_budget_leaves_undecided_says_so(place: Path) -> None:
    """A bound that nothing can prove: no trial shows that the probability is 0."""
    gate = ("--fault", "stuck0", "--gate", "due <= 0 @ 1e-3", "--until", "gate", "--budget", "2s")
    found, text = gate_of(place, *gate, code=3)
    assert (found["gate"]["verdict"], found["rates"][0]["stop"]) == ("undecided", "budget")
    assert "Undecided: the budget ended; the figure is too near its bound" in text
    assert found["rates"][0]["trials"] > 300  # ±1 point was reached long before
    short, text = gate_of(place, "--gate", "due <= 0.5 @ 1e-2", "--budget", "0.001s", code=3)
    assert "Undecided: the budget ended; there is no estimate yet." in text
    assert short["gate"]["conditions"][0]["evidence"] is None
