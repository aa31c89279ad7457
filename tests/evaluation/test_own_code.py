"""Rules and metrics of the user's own: a function in a file, in workers and in plans as well."""

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.errors import BadOption
from analyzer.evaluation.user_code import UserFunction, user_function
from tests.evaluation import own_functions
from tests.support import invoke, tiny_cnn, tiny_data

OWN = """
import numpy as np

def hits(outputs, labels):
    return outputs[0].argmax(axis=1) == labels

def half(outputs, labels):
    return np.full(len(outputs[0]), 0.5)

def moved(golden, outputs):
    return (golden[0].argmax(axis=1) != outputs[0].argmax(axis=1))

def nothing(golden, outputs):
    return np.zeros(len(outputs[0]), bool)

def everything(golden, outputs):
    return np.ones(len(outputs[0]), bool)

def short(outputs, labels):
    return [1.0]

def large(outputs, labels):
    return np.full(len(outputs[0]), 2.0)

def broken(outputs, labels):
    raise KeyError("no such thing")
"""


@pytest.fixture
def subject(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Model, data, and the user's file."""
    model = tiny_cnn(tmp_path / "tiny.onnx")
    tiny_data(tmp_path / "tiny.npz")
    (tmp_path / "mine.py").write_text(OWN, "utf-8")
    return model, tmp_path / "tiny.npz", tmp_path / "mine.py"


def report_of(subject: tuple[Path, Path, Path], *flags: str, jobs: int = 0) -> dict[str, Any]:
    model, data, own = subject
    target = own.with_name("r.json")
    target.unlink(missing_ok=True)
    flags = tuple(flag.replace("MINE", str(own)) for flag in flags)
    asked = ("--data", data, "--rates", "1e-3", "--precision", "0.1", "--journal", "none")
    done = invoke("run", model, *asked, "--jobs", str(jobs), "--json", target, *flags)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(target.read_text("utf-8"))
    return found


def test_an_own_metric_scores_as_the_same_metric_of_the_list(
    subject: tuple[Path, Path, Path],
) -> None:
    """Patterns follow from the plan, so that golden alone must be equal; the rest is close."""
    own, listed = report_of(subject, "--metric", "MINE:hits"), report_of(subject)
    assert own["golden"]["metric"] == "own"
    assert own["golden"]["value"] == listed["golden"]["value"]
    assert own["decision"]["metric_function"] == "mine.py:hits"
    one, other = own["rates"][0]["metric"], listed["rates"][0]["metric"]
    assert one["low"] <= other["high"]
    assert other["low"] <= one["high"]
    assert report_of(subject, "--metric", "MINE:half")["golden"]["value"] == 0.5


def test_an_own_rule_judges_in_workers_too(subject: tuple[Path, Path, Path]) -> None:
    here, there = (report_of(subject, "--task", "MINE:moved", jobs=jobs) for jobs in (0, 2))
    assert here["rates"] == there["rates"]
    assert here["rates"][0]["sdc"]["estimate"] > 0
    assert here["decision"]["rule"] == "own"
    assert report_of(subject, "--task", "MINE:nothing")["rates"][0]["sdc"]["estimate"] == 0.0


def test_a_changed_function_is_another_plan(subject: tuple[Path, Path, Path]) -> None:
    before = report_of(subject, "--metric", "MINE:hits")["plan"]["id"]
    assert report_of(subject, "--metric", "MINE:hits")["plan"]["id"] == before
    subject[2].write_text(OWN + "\n# another one\n", "utf-8")
    assert report_of(subject, "--metric", "MINE:hits")["plan"]["id"] != before


def test_functions_are_keywords_of_the_python_api(subject: tuple[Path, Path, Path]) -> None:
    model, data, _ = subject
    asked: dict[str, Any] = {"data": data, "rates": 1e-3, "precision": 0.2, "jobs": 0}
    found = analyzer.run(model, metric=own_functions.hits, task=own_functions.moved, **asked)
    assert found.record.decision.metric_function == "own_functions.py:hits"
    assert found.record.decision.rule == "own"
    with pytest.raises(BadOption, match="no function at the top of a Python file"):
        analyzer.run(model, metric=lambda outputs, labels: 1.0, **asked)


@pytest.mark.parametrize(
    ("flag", "name", "says"),
    [
        ("--metric", "short", "for 24 images; it must return a number from 0 to 1 for each"),
        ("--metric", "large", "scores 2 to 2; scores go from 0 to 1"),
        ("--metric", "broken", "mine.py:broken raises KeyError"),
        ("--metric", "absent", "holds no function 'absent'"),
        ("--task", "everything", "says that golden differs from golden"),
        ("--task", "broken", "mine.py:broken raises KeyError"),
    ],
)
def test_functions_that_do_not_do(
    subject: tuple[Path, Path, Path], flag: str, name: str, says: str
) -> None:
    model, data, own = subject
    done = invoke("run", model, "--data", data, "--batch", "24", flag, f"{own}:{name}")
    assert done.code == 2
    assert says in " ".join(done.err.split())


def test_files_that_do_not_run(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(textwrap.dedent("import no_such_module_at_all\n"), "utf-8")
    with pytest.raises(BadOption, match="cannot be run: ModuleNotFoundError"):
        user_function(f"{tmp_path / 'bad.py'}:f", "task")
    with pytest.raises(BadOption, match="cannot be read"):
        user_function(f"{tmp_path / 'absent.py'}:f", "task")


def test_a_function_may_import_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "beside_it.py").write_text("SEVEN = 7\n", "utf-8")
    (tmp_path / "f.py").write_text("from beside_it import SEVEN\ndef f(): return SEVEN\n", "utf-8")
    found = user_function(f"{tmp_path / 'f.py'}:f", "task")
    assert isinstance(found, UserFunction)
    assert found.call() == 7
