"""Other people's packages under our names: told before anything of theirs is run."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from relcheck_onnx.foreign import BESIDE, NAMES, beside_us, in_our_place
from tests.support import ROOT

FOREIGN = "raise SystemExit('a package of somebody else was run')\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of installed packages with ours in it, as pip would lay them out."""
    site = tmp_path / "site-packages"
    site.mkdir()
    for name in (*NAMES, "relcheck_onnx"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, site / name, ignore=skip)
    return site


def command(*folders: Path, alone: bool = False) -> tuple[int, str, str]:
    """Call `relcheck --version` with ``folders`` before all others, or without any others."""
    path = [str(folder) for folder in folders]
    code = f"import sys; sys.path[:0] = {path}; from relcheck_onnx.command import entry; entry()"
    words = [sys.executable, *(["-S"] if alone else []), "-c", code, "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=path[0])
    return done.returncode, done.stdout, done.stderr


def test_alone_it_says_nothing(place: Path) -> None:
    code, out, err = command(place)
    assert (code, err) == (0, "")
    assert out.startswith("relcheck ")
    assert in_our_place() is None
    assert beside_us() == []


@pytest.mark.parametrize("name", NAMES)
def test_one_that_overwrote_our_files_is_told_and_not_run(name: str, place: Path) -> None:
    """The index's `exporters` was installed after relcheck: its first file replaces ours."""
    (place / name / "__init__.py").write_text(FOREIGN)
    code, out, err = command(place)
    assert (code, out) == (2, "")
    assert f"belongs to another package that is called {name}" in err
    assert err.count("\n") == 1
    assert err.endswith("[foreign-package]\n")


@pytest.mark.parametrize("name", NAMES)
def test_one_that_stands_before_ours_is_told_and_not_run(
    name: str, place: Path, tmp_path: Path
) -> None:
    """A folder of the path before ours has a package of that name."""
    other = tmp_path / "other"
    (other / name).mkdir(parents=True)
    (other / name / "__init__.py").write_text(FOREIGN)
    code, out, err = command(other, place)
    assert (code, out) == (2, "")
    assert str(other) in err


@pytest.mark.parametrize("name", NAMES)
def test_one_that_took_our_files_along_is_told(name: str, place: Path) -> None:
    """After `pip uninstall`: our folders are there, and the file that both had is not."""
    (place / name / "__init__.py").unlink()
    code, out, err = command(place, alone=True)
    assert (code, out) == (2, "")
    assert f"the files of its package {name} are gone" in err


@pytest.mark.parametrize("kind", ["exporters-0.7.0.dist-info", "analyzer-0.1.1-py3.11.egg-info"])
def test_one_beside_us_is_a_note(kind: str, place: Path) -> None:
    (place / kind).mkdir()
    code, out, err = command(place)
    assert code == 0
    assert out.startswith("relcheck ")
    name, version = kind.split("-")[:2]
    assert err.startswith(f"relcheck: note: {name} {version.removesuffix('.dist')}")
    assert err.count("\n") == 1


def test_our_own_is_not_beside_us() -> None:
    assert BESIDE.fullmatch("relcheck_onnx-0.1.0.dist-info") is None
    assert BESIDE.fullmatch("relcheck-0.1.3.dist-info")
    assert BESIDE.fullmatch("analyzer_zero-0.3.dist-info") is None


def test_the_look_costs_next_to_nothing() -> None:
    best = min(measured() for _ in range(5))
    assert best < 0.005, "5 ms for what is 0.5 ms alone on a machine"


def measured() -> float:
    start = time.perf_counter()
    in_our_place()
    beside_us()
    return time.perf_counter() - start


def test_pytest_goes_on_without_us(place: Path, tmp_path: Path) -> None:
    """A session with such a package fails the tests that ask for the fixture, and no others."""
    (place / "analyzer" / "__init__.py").write_text(FOREIGN)
    (tmp_path / "test_a.py").write_text(
        "def test_a():\n    pass\ndef test_b(relcheck):\n    pass\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --relcheck-budget 10m\n")
    words = ("-m", "pytest", "-q", "-p", "relcheck_onnx.pytest_plugin", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, *words, "test_a.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(place), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "belongs to another package that is called analyzer" in done.stdout


def test_a_module_without_a_place_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails with a traceback: Python finds no place of a module that a program made."""
    monkeypatch.setitem(sys.modules, "exporters", ModuleType("exporters"))
    sentence = in_our_place()
    assert sentence is not None
    assert "exporters" in sentence


def test_the_entrance_imports_nothing_before_it_has_looked() -> None:
    code = "import sys, relcheck_onnx.command, relcheck_onnx.foreign; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "relcheck_onnx.command" in done.stdout.split()
    assert not [n for n in done.stdout.split() if n.partition(".")[0] in {*NAMES, "numpy", "onnx"}]


def test_it_starts_where_the_command_is_somebody_elses() -> None:
    words = [sys.executable, "-m", "relcheck_onnx", "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("relcheck ")


def test_the_installed_command_and_plugin_begin_here() -> None:
    from importlib.metadata import entry_points

    command = [e.value for e in entry_points(group="console_scripts", name="relcheck")]
    assert command == ["relcheck_onnx.command:entry"]
    plugin = [e.value for e in entry_points(group="pytest11", name="relcheck")]
    assert plugin == ["relcheck_onnx.pytest_plugin"]
