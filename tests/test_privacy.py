"""Nothing about a user, a machine or a model leaves the process, or waits in a cache to leave it.

ONNX Runtime 1.32 queues events with a device id in the user's cache folder unless it is told not
to (`analyzer/__init__.py`).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT, tiny_cnn, tiny_data

VARIABLE = "ORT_DISABLE_TELEMETRY"


def call(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python in an empty home folder, with no choice made about telemetry."""
    home.mkdir()
    unset = {VARIABLE, "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def files_in(home: Path) -> list[str]:
    """Files in ``home``; journals are relcheck's own."""
    found = (path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())
    return [name for name in found if not name.startswith(".cache/relcheck/journals/")]


@pytest.mark.parametrize("jobs", ["0", "2"])
def test_a_run_leaves_nothing_but_its_journal_in_the_home_folder(tmp_path: Path, jobs: str) -> None:
    """analyzer/__init__.py: ``os.environ.setdefault``; the worker processes inherit it."""
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    home = tmp_path / "home"
    wanted = ("--rates", "1e-3", "--precision", "0.3", "--jobs", jobs)
    done = call(home, "-m", "analyzer", model, "--data", data, *wanted)
    assert done.returncode == 0, done.stderr
    assert files_in(home) == []


SESSION = """
import {package}
from onnx import helper, TensorProto
value = helper.make_tensor_value_info
nodes = [helper.make_node("Relu", ["x"], ["y"])]
sides = [[value(name, TensorProto.FLOAT, [1])] for name in "xy"]
model = helper.make_model(
    helper.make_graph(nodes, "g", *sides), ir_version=8,
    opset_imports=[helper.make_opsetid("", 17)],
)
import onnxruntime
onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
"""


@pytest.mark.parametrize("package", ["analyzer", "exporters", "audit", "benchmarks"])
def test_every_package_switches_telemetry_off(tmp_path: Path, package: str) -> None:
    done = call(tmp_path / "home", "-c", SESSION.format(package=package))
    assert done.returncode == 0, done.stderr
    assert files_in(tmp_path / "home") == []


def test_the_users_own_choice_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"import analyzer, os; print(os.environ[{VARIABLE!r}])"
    monkeypatch.setenv(VARIABLE, "0")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
