"""Callers of the Python API: notebooks, scripts, threads, and people who press Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.stats.estimate import RateEstimate
from tests.support import ROOT, tiny_cnn, tiny_data

QUICK: dict[str, Any] = {"rates": "1e-3", "precision": 0.1, "batch": 8}

NOTEBOOK = """
import code, sys
notebook = code.InteractiveInterpreter({"__name__": "__main__"})
for cell in sys.argv[1:]:
    notebook.runcode(compile(cell, "<cell>", "exec"))
"""


def ran(*words: str, folder: Path) -> list[str]:
    """Lines that a Python process prints; it must say nothing on standard error."""
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("jobs", [0, 2])
def test_a_notebook_runs_a_sweep(jobs: int, model: Path, data: Path, tmp_path: Path) -> None:
    """Fails if anything below loads the command line, or a worker wants the main module."""
    cells = (
        "import analyzer",
        f"report = analyzer.run({str(model)!r}, data={str(data)!r}, rates=[1e-3, 1e-2], "
        f"precision=0.1, jobs={jobs})",
        "verdict = report.gate('top1 >= 0.5 @ 1e-3', 'due <= 0.5 @ 1e-3')",
        "print(verdict.passed, report.complete, report._repr_html_()[:7])",
        "import sys; print([m for m in sys.modules if m.startswith('analyzer.cli')])",
    )
    found = ran("-c", NOTEBOOK, *cells, folder=tmp_path)
    assert found == ["True True <iframe", "[]"]
    assert {p.name for p in tmp_path.iterdir()} == {"tiny.onnx", "data"}


def test_a_script_needs_no_main_guard(model: Path, data: Path, tmp_path: Path) -> None:
    """Fails with workers of `multiprocessing`: each would run the script again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import analyzer\nprint('once')\n"
        f"report = analyzer.run({str(model)!r}, data={str(data)!r}, rates=1e-3, precision=0.1, "
        "jobs=2)\nprint(len(report.record.rates))\n"
    )
    assert ran(str(script), folder=tmp_path) == ["once", "1"]


def test_a_folder_with_names_of_ours_misleads_no_worker(
    model: Path, data: Path, tmp_path: Path
) -> None:
    """Fails without ``sys.path[:] =`` before the first import of a worker."""
    place = tmp_path / "elsewhere"
    (place / "analyzer").mkdir(parents=True)
    (place / "analyzer" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    script = tmp_path / "script.py"
    script.write_text(
        "import analyzer\n"
        f"analyzer.run({str(model)!r}, data={str(data)!r}, rates=1e-3, precision=0.1, jobs=1)\n"
    )
    assert ran(str(script), folder=place) == []


def test_another_thread_than_the_main_one(model: Path, data: Path) -> None:
    """Fails without the question for the main thread in `Stopwatch.interruptible`."""
    found: list[analyzer.SweepReport] = []

    def job() -> None:
        found.append(analyzer.run(model, data=data, jobs=0, **QUICK))

    thread = threading.Thread(target=job)
    thread.start()
    thread.join()
    here = analyzer.run(model, data=data, jobs=0, **QUICK)
    assert found[0].record.rates == here.record.rates


class CtrlC(analyzer.Silent):
    """Presses Ctrl-C so many times when a rate first makes progress."""

    def __init__(self, times: int) -> None:
        self.left = times

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        """Press."""
        while self.left:
            self.left -= 1
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_gives_what_is_known(model: Path, data: Path, tmp_path: Path) -> None:
    """The handler of before is put back, and a journal goes on from there."""
    before = signal.getsignal(signal.SIGINT)
    asked: dict[str, Any] = {**QUICK, "precision": 0.02, "data": data, "jobs": 0}
    journal = tmp_path / "run.db"
    cut = analyzer.run(model, observer=CtrlC(1), journal=journal, **asked)
    assert signal.getsignal(signal.SIGINT) is before
    assert not cut.complete
    assert cut.record.rates[0].stop == "interrupted"
    assert cut.journal == journal.resolve()
    whole = analyzer.run(model, journal=journal, **asked)
    assert whole.complete
    assert whole.record.rates == analyzer.run(model, **asked).record.rates


def test_a_second_ctrl_c_ends_it(model: Path, data: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        analyzer.run(model, data=data, observer=CtrlC(2), jobs=0, **QUICK)


@pytest.mark.parametrize("kept", [True, False])
def test_nothing_is_kept_unless_asked(
    kept: bool, model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails if a call without ``journal`` writes into the user's cache folder, as commands do."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    journal: dict[str, Any] = {"journal": tmp_path / "run.db"} if kept else {}
    report = analyzer.run(model, data=data, jobs=0, **QUICK, **journal)
    assert (report.journal is not None) == kept
    assert not (tmp_path / "cache").exists()
    assert (tmp_path / "run.db").exists() == kept


def test_a_program_in_pytest_may_use_workers(tmp_path: Path) -> None:
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    alone = json.loads(analyzer.run(model, data=data, jobs=0, **QUICK).to_json())
    several = json.loads(analyzer.run(model, data=data, jobs=2, **QUICK).to_json())
    for report in (alone, several):
        del report["run"]
    assert alone == several
