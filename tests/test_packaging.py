"""The wheel is whole: it runs without the checkout, demonstration model included."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contents of a freshly built wheel, as pip would lay them out."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    zipfile.ZipFile(wheel).extractall(target)
    return target


def test_the_wheel_holds_code_models_templates_and_licence(unpacked: Path) -> None:
    """Fails without `force-include` in pyproject.toml, or without py.typed."""
    wanted = ("embedded/digits_resnet.onnx", "embedded/digits_test.npz", "py.typed")
    assert all((unpacked / "analyzer" / name).is_file() for name in wanted)
    assert (unpacked / "analyzer/reports/templates/report.html").is_file()
    assert (unpacked / "exporters/__init__.py").is_file()
    assert not (unpacked / "tests").exists()
    assert list(unpacked.glob("*.dist-info/licenses/LICENSE"))


def test_the_wheel_runs_far_from_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    where = [sys.executable, "-c", "import analyzer; print(analyzer.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert found.stdout.strip().startswith(str(unpacked))
    command = [sys.executable, "-m", "analyzer", "run", "--rates", "1e-4", "--precision", "0.3"]
    run = subprocess.run(
        [*command, "--json", "report.json", "--html", "report.html"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads((tmp_path / "report.json").read_text())["model"]["path"].startswith("digits")
    assert (tmp_path / "report.html").stat().st_size > 10_000


def release(version: str) -> tuple[int, ...]:
    """A version as numbers; those at its end that are 0 say nothing."""
    numbers = [int(part) for part in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def test_the_lowest_declared_versions_are_those_that_are_tried() -> None:
    """Fails if a minimum is lowered in pyproject.toml alone: nobody would have run it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = dict(d.split(">=") for d in project["dependencies"])
    lines = (ROOT / "constraints-lowest.txt").read_text("utf-8").splitlines()
    tried = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert {n: release(v) for n, v in tried.items()} == {n: release(v) for n, v in declared.items()}
