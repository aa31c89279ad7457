"""Every acceleration is named where a reader looks for it: in `inspect` and in the JSON report."""

import json
from pathlib import Path

import pytest

from analyzer.runtime.open import ACCELERATIONS
from tests.support import run_cli, tiny_cnn, tiny_data


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("accelerations")
    tiny_cnn(folder / "m.onnx")
    tiny_data(folder / "d.npz")
    return folder


def test_inspect_names_each_with_its_reason(place: Path) -> None:
    """Fails if an acceleration is added to `open.py` and nobody can say if it is in force."""
    run = run_cli("inspect", str(place / "m.onnx"), "--data", str(place / "d.npz"))
    assert run.code == 0, run.err
    lines = run.out.splitlines()
    for name in ACCELERATIONS:
        (at,) = (i for i, line in enumerate(lines) if line.split()[:1] == [name])
        assert lines[at].endswith("in force")
        assert lines[at + 1].startswith("      ")
        assert lines[at + 1].strip()


@pytest.mark.parametrize("jobs", ["0", "2"])
def test_the_report_names_each_with_its_reason(jobs: str, place: Path) -> None:
    """Fails without `_fixed` in `release`: workers run the trials, and this process lets go."""
    target = place / f"{jobs}.json"
    asked = ["--rates", "1e-3", "--precision", "0.3", "--journal", "none", "--jobs", jobs]
    data = ["--data", str(place / "d.npz")]
    run = run_cli("run", str(place / "m.onnx"), *data, *asked, "--json", str(target))
    assert run.code == 0, run.err
    found = json.loads(target.read_text("utf-8"))["run"]["accelerations"]
    assert {a["name"] for a in found} == set(ACCELERATIONS)
    assert all(a["reason"] for a in found)
    (live,) = (a for a in found if a["name"] == "live_weights")
    assert live["in_force"]
