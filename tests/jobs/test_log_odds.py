"""``relcheck compare --log-odds``: many models over several data sets, without faults."""

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import analyzer
from analyzer.errors import BadModelList
from analyzer.jobs.log_odds import find_log_odds
from analyzer.jobs.requests.log_odds import LogOddsRequest
from analyzer.reports.log_odds.record import LogOddsReport
from tests.support import ROOT, invoke

MODELS = ROOT / "models"

DIGITS = MODELS / "digits_resnet.onnx", MODELS / "digits_resnet_int8.onnx"
"""Two methods, for these tests."""


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three data sets with 5, 10 and 20 wrong labels among 100, and a hardened model."""
    folder = tmp_path_factory.mktemp("sets")
    with np.load(MODELS / "digits_test.npz") as archive:
        images, labels = archive["images"], archive["labels"]
    for place, wrong in enumerate((5, 10, 20)):
        rows = slice(100 * place, 100 * place + 100)
        changed = labels[rows].copy()
        changed[:wrong] = (changed[:wrong] + 1) % 10
        np.savez(folder / f"set{place}.npz", images=images[rows], labels=changed)
    analyzer.harden(
        DIGITS[0], method="ranger", data=folder / "set0.npz", out=folder / "bounded.onnx"
    )
    return folder


def write(
    folder: Path, lines: Sequence[Sequence[object]], head: str = "method,dataset,model,data"
) -> Path:
    path = folder / "list.csv"
    with path.open("w", newline="") as stream:
        stream.write(head + "\n")
        csv.writer(stream).writerows(lines)
    return path


def ask(path: Path, **more: object) -> LogOddsReport:
    return find_log_odds(LogOddsRequest.model_validate({"listed": path, **more})).record


def test_every_cell_is_the_accuracy_that_a_run_states(sets: Path) -> None:
    lines = [[f"m{m}", f"set{d}", DIGITS[m], f"set{d}.npz"] for m in range(2) for d in range(3)]
    found = ask(write(sets, lines))
    for cell in found.cells:
        model = DIGITS[int(cell.method[1])]
        run = analyzer.run(
            model, data=sets / f"{cell.dataset}.npz", rates="1e-9", journal="none", precision=0.2
        )
        assert run.record.golden is not None
        assert cell.accuracy == run.record.golden.value
        assert cell.log_odds == pytest.approx(math.log(cell.accuracy / (1 - cell.accuracy)))
    for name in found.datasets:
        values = [cell.adjusted for cell in found.cells if cell.dataset == name]
        assert sum(values) == pytest.approx(0.0)
    assert [part.method for part in found.means] == ["m0", "m1"]
    assert found.variants == ["unprotected"]
    assert not found.effects


def test_a_hardened_model_says_itself_which_variant_it_is(sets: Path) -> None:
    lines = [
        ["a", f"set{d}", model, f"set{d}.npz"]
        for d in range(3)
        for model in ("bounded.onnx", DIGITS[0])
    ]
    found = ask(write(sets, lines))
    assert found.variants == ["unprotected", "ranger"]
    (effect,) = found.effects
    assert (effect.variant, effect.low is not None) == ("ranger", True)
    assert found.means[0].error is None, "one method leaves no difficulty to take away"


def test_repeated_trainings_are_averaged(sets: Path) -> None:
    lines = [["a", "set1", model, "set1.npz"] for model in DIGITS]
    (cell,) = ask(write(sets, lines)).cells
    assert len(cell.models) == 2
    assert cell.log_odds == pytest.approx(np.mean([m.log_odds for m in cell.models]))


def test_a_perfect_model_gets_half_an_image(sets: Path) -> None:
    with np.load(sets / "set0.npz") as archive:
        images = archive["images"][50:60]
        right = archive["labels"][50:60]
    np.savez(sets / "easy.npz", images=images, labels=right)
    (cell,) = ask(write(sets, [["a", "easy", DIGITS[0], "easy.npz"]])).cells
    assert cell.accuracy == 1.0
    assert cell.models[0].half_added
    assert cell.log_odds == pytest.approx(math.log(10.5 / 0.5))


def test_a_program_gets_the_same(sets: Path) -> None:
    path = write(sets, [["a", "set1", DIGITS[0], "set1.npz"]])
    found = analyzer.log_odds(path, metric="top1", confidence=0.9)
    assert found.record.confidence == 0.9
    (row,) = found.rows()
    assert row["top1"] == ask(path).cells[0].accuracy
    with pytest.raises(analyzer.RelcheckError, match="no keyword 'rates'"):
        analyzer.log_odds(path, rates="1e-6")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("head", "lines", "said"),
    [
        ("method,dataset,model", [["a", "d", "m"]], "has no column data"),
        ("method,dataset,model,data,modle", [["a", "d", "m", "x", ""]], "did you mean model"),
        ("method,dataset,model,data", [["a", "", "m", "x"]], "line 2 has no dataset"),
        ("method,dataset,model,data", [["a", "d", "m", "x", "y"]], "more values than columns"),
        ("method,dataset,model,data", [], "lists no model"),
        ("method,dataset,model,data,x", [["a", "d", "m", "x", "far"]], "which is no number"),
        (
            "method,dataset,model,data,x",
            [["a", "d", "m", "x", "1"], ["a", "e", "m", "x", "2"]],
            "another x than",
        ),
    ],
)
def test_a_bad_list_is_refused_with_its_line(
    sets: Path, head: str, lines: list[list[object]], said: str
) -> None:
    with pytest.raises(BadModelList, match=said):
        ask(write(sets, lines, head))


def test_a_combination_without_model_is_named(sets: Path) -> None:
    lines = [
        ["a", "set0", DIGITS[0], "set0.npz"],
        ["b", "set0", DIGITS[1], "set0.npz"],
        ["a", "set1", DIGITS[0], "set1.npz"],
    ]
    with pytest.raises(BadModelList, match="no model of method 'b' on 'set1'"):
        ask(write(sets, lines))


def test_the_command_writes_all_forms_and_reads_them_again(sets: Path) -> None:
    lines = [
        [f"m{m}", f"set{d}", DIGITS[m % 2], f"set{d}.npz", m] for m in range(3) for d in range(3)
    ]
    path = write(sets, lines, "method,dataset,model,data,x")
    names = {form: sets / f"out.{form}" for form in ("json", "html", "csv")}
    flags = [text for form, file in names.items() for text in (f"--{form}", str(file))]
    done = invoke("compare", "--log-odds", path, *flags)
    assert done.code == 0, done.err
    assert "3 methods, 3 data sets, 1 variant, 9 models" in done.out
    record = LogOddsReport.model_validate(json.loads(names["json"].read_text()))
    assert record.line is not None
    assert "<svg" in names["html"].read_text()
    assert len(names["csv"].read_text().splitlines()) == 10
    again = invoke("report", names["json"])
    assert (again.code, again.out) == (0, done.out)
    assert max(len(line) for line in again.out.splitlines()) <= 80


@pytest.mark.parametrize("more", [["--rates", "1e-6"], ["--data", "d.npz"], ["model.onnx"]])
def test_what_has_no_effect_is_refused(sets: Path, more: list[str]) -> None:
    path = write(sets, [["a", "set0", DIGITS[0], "set0.npz"]])
    done = invoke("compare", "--log-odds", path, *more)
    assert done.code == 2
    assert "--log-odds" in done.err
