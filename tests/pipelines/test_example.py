"""The repository under `examples/`: its checks pass, and fail with a worse model."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.support import ROOT

EXAMPLE = ROOT / "examples" / "pipeline"
TOOLS = Path(sys.executable).parent
RELIABILITY = "test_model.py::test_reliability"
ACCURACY = "test_model.py::test_accuracy"


class Copy:
    """The example in a folder of its own.

    Attributes:
        folder: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        """Copy what is in the repository, and nothing that a run left there."""
        kept = shutil.ignore_patterns("__pycache__", ".pytest_cache", "reports", "train.npz")
        self.folder = Path(shutil.copytree(EXAMPLE, folder / "example", ignore=kept))
        self._environment = {
            **os.environ,
            "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command there."""
        return subprocess.run(
            words,
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def failed_tests(self) -> list[str]:
        """Names of the tests that fail; none: pytest ended well."""
        done = self.run(sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:xdist")
        assert done.returncode in (0, 1), done.stdout + done.stderr
        assert "2 passed" in done.stdout or done.returncode == 1, done.stdout
        lines = [line.split() for line in done.stdout.splitlines()]
        return [words[1] for words in lines if words[:1] == ["FAILED"]]

    def gate(self) -> int:
        """The exit code of the gate."""
        return self.run("./gate.sh").returncode

    def train(self, steps: int) -> None:
        """Replace the model by one that was trained so long and not hardened."""
        assert self.run(sys.executable, "train.py", "--steps", str(steps)).returncode == 0
        words = ("annotate", "model.onnx", "--scale", "2/255", "--mean", "1")
        assert self.run("relcheck", *words, "-o", "annotated.onnx").returncode == 0
        (self.folder / "annotated.onnx").replace(self.folder / "model.onnx")


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """The example, as somebody would copy it."""
    return Copy(tmp_path)


def test_its_checks_pass(copy: Copy) -> None:
    assert copy.failed_tests() == []
    assert copy.gate() == 0
    found = {path.name for path in (copy.folder / "reports").iterdir()}
    assert found == {"relcheck.json", "relcheck.html", "relcheck.xml", "relcheck.md"}


@pytest.mark.parametrize(
    ("worse", "failing"),
    [
        # As accurate as the model that it replaces, and not hardened.
        (lambda copy: copy.train(60), [RELIABILITY]),
        (lambda copy: copy.train(6), [ACCURACY, RELIABILITY]),
    ],
    ids=["not hardened", "badly trained"],
)
def test_a_worse_model_fails_both(
    worse: Callable[[Copy], None], failing: list[str], copy: Copy
) -> None:
    worse(copy)
    assert copy.failed_tests() == failing
    assert copy.gate() == 1


def test_its_data_are_those_of_its_script(copy: Copy) -> None:
    kept = (copy.folder / "data" / "test.npz").read_bytes()
    copy.train(1)
    assert (copy.folder / "data" / "test.npz").read_bytes() == kept


def test_its_jobs_are_as_its_settings(copy: Copy) -> None:
    """The jobs name files that are there, inputs that the action has, and the gate of the file."""
    settings = tomllib.loads((copy.folder / "relcheck.toml").read_text())
    job = yaml.safe_load((copy.folder / ".github/workflows/reliability.yml").read_text())
    given = next(s["with"] for s in job["jobs"]["gate"]["steps"] if "relcheck" in s.get("uses", ""))
    assert given.keys() <= yaml.safe_load((ROOT / "action.yml").read_text())["inputs"].keys()
    assert all((copy.folder / given[name]).is_file() for name in ("model", "config"))
    other = yaml.safe_load((copy.folder / ".gitlab-ci.yml").read_text())["reliability"]
    template = yaml.safe_load((ROOT / "templates/relcheck.gitlab-ci.yml").read_text())
    assert other["extends"] in template
    assert other["variables"].keys() <= template[other["extends"]]["variables"].keys()
    assert other["variables"]["RELCHECK_GATE"] == settings["gate"][0]
