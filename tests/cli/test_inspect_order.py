"""``relcheck inspect --sort bits --top 3 --json FILE``: order, number, and the whole as data."""

import json
import re
from pathlib import Path

import pytest

import analyzer
from analyzer.jobs.demonstration import demonstration_model
from tests.support import invoke

MODEL = str(demonstration_model())


def listed(*words: str) -> list[tuple[str, str]]:
    """Name and kind of the tensors in the table, in its order."""
    run = invoke("inspect", MODEL, *words)
    assert run.code == 0, run.err
    rows = re.findall(r"^(\S+) +(weight|bias) +float32", run.out, re.MULTILINE)
    return [(name, kind) for name, kind in rows]


def test_the_order_is_that_of_the_file_unless_another_is_asked_for() -> None:
    names = [name for name, _ in listed()]
    assert names[0] == "stem.weight"
    assert listed("--sort", "file") == listed()
    by_name = [name for name, _ in listed("--sort", "Name")]
    assert by_name == sorted(names)
    kinds = [kind for _, kind in listed("--sort", "kind")]
    assert kinds == sorted(kinds)


def test_most_bits_first() -> None:
    sizes = {str(row["tensor"]): int(str(row["bits"])) for row in analyzer.inspect(MODEL).rows()}
    names = [name for name, _ in listed("--sort", "bits")]
    assert [sizes[name] for name in names] == sorted(sizes.values(), reverse=True)


def test_only_the_first_are_shown_and_the_rest_is_told() -> None:
    run = invoke("inspect", MODEL, "--sort", "bits", "--top", "3")
    assert len(re.findall(r"in place$", run.out, re.MULTILINE)) == 3
    assert "and 17 more tensors with 413 k bits (16.7 %)" in run.out
    assert "more tensors with" not in invoke("inspect", MODEL, "--top", "20").out


def test_the_file_holds_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    assert invoke("inspect", MODEL, "--sort", "bits", "--top", "3", "--json", file).code == 0
    found = json.loads(file.read_text("utf-8"))
    assert (found["kind"], found["model"]) == ("inventory", "digits_resnet.onnx")
    assert len(found["tensors"]) == 20
    assert sum(tensor["bits"] for tensor in found["tensors"]) == found["bits_at_risk"]
    bits = [tensor["bits"] for tensor in found["tensors"]]
    assert bits == sorted(bits, reverse=True)
    assert {tensor["route"] for tensor in found["tensors"]} == {"in place"}
    assert {state["name"] for state in found["accelerations"]} >= {"live_weights"}


def test_from_python_it_is_the_same(tmp_path: Path) -> None:
    found = analyzer.inspect(MODEL, sort="bits", top=2, json=tmp_path / "a.json")
    assert found.to_json() == (tmp_path / "a.json").read_text("utf-8")
    assert "and 18 more tensors" in found.to_text()
    assert found.rows()[0]["tensor"] == "stage3.block0.conv2.weight"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--sort", "bist"), "--sort 'bist': use file, bits, name or kind (did you mean bits?)"),
        (("--json", "/nowhere/a.json"), "there is no folder /nowhere"),
    ],
)
def test_what_is_wrong_is_told(words: tuple[str, ...], says: str) -> None:
    run = invoke("inspect", MODEL, *words)
    assert (run.code, run.out) == (2, "")
    assert says in run.err
