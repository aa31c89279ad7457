"""A stage leaves a record, or says how its command failed."""

import fcntl
import json
import os
import shlex
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from paper.processes import STOPPED, Processes
from paper.stage import ROOT, Stage, StageFailed, log_file, read_record, record_file, run_stage


def python(folder: Path, code: str, **more: object) -> Stage:
    """A stage of some code that is to write ``out``."""
    words = ("python", "-c", code, "WORD")
    return Stage("kind/name", words, (), (folder / "made" / "out",), 7, **more)  # type: ignore[arg-type]


def test_the_record_says_what_was_run_and_what_it_took(tmp_path: Path) -> None:
    code = "import sys, time; print(*sys.argv)\nwhile time.process_time() < 0.3: pass"
    run_stage(python(tmp_path, code), tmp_path)
    record = read_record(tmp_path, "kind/name")
    assert record is not None
    assert record["command"] == f"python -c {shlex.quote(code)} WORD"
    assert (record["stage"], record["seed"]) == ("kind/name", 7)
    assert record["versions"]["numpy"] == version("numpy")
    assert "complete" not in record
    assert 0.2 < record["cpu_seconds"] < 60
    assert 0 < record["seconds"] < 60
    assert log_file(tmp_path, "kind/name").read_text().splitlines()[1:] == ["-c WORD"]


def test_places_are_in_the_command_that_is_run_and_in_nothing_that_is_kept(tmp_path: Path) -> None:
    place = (("WORD", "/a/place"),)
    stage = python(tmp_path, "import sys; assert sys.argv[1][::-1] == 'ecalp/a/'", places=place)
    run_stage(stage, tmp_path)
    kept = [record_file(tmp_path, stage.name), log_file(tmp_path, stage.name)]
    assert all("/a/place" not in path.read_text() for path in kept)
    assert all(" WORD" in path.read_text() for path in kept)


def test_a_failure_has_the_command_and_the_last_lines(tmp_path: Path) -> None:
    code = "for n in range(40): print('line', n)\nraise SystemExit('the reason')"
    stage = python(tmp_path, code)
    record_file(tmp_path, stage.name).parent.mkdir(parents=True)
    record_file(tmp_path, stage.name).write_text("{}")
    with pytest.raises(StageFailed) as caught:
        run_stage(stage, tmp_path)
    lines = str(caught.value).removeprefix(stage.command).splitlines()
    assert len(lines) == 16  # the command ends in a line break
    assert "line 39" in lines
    assert "the reason" in lines
    assert "line 20" not in lines
    assert read_record(tmp_path, stage.name) is None


def measurement(monkeypatch: pytest.MonkeyPatch, folder: Path, stop: str) -> Stage:
    """A stage of ``relcheck`` that ends with the code of a budget that has ended."""
    out = folder / "report.json"
    report = {"models": [{"rates": [{"stop": "precision"}, {"stop": stop}]}]}
    code = f"open({str(out)!r}, 'w').write({json.dumps(report)!r}); raise SystemExit(3)"
    monkeypatch.setattr("paper.stage.RELCHECK", ("-c", code))
    return Stage("kind/name", ("relcheck", "compare"), (), (out,))


def test_a_measurement_whose_budget_ended_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its intervals hold; a slow machine would fail at the same stage each time."""
    run_stage(measurement(monkeypatch, tmp_path, "budget"), tmp_path)
    record = read_record(tmp_path, "kind/name")
    assert record is not None
    assert record["complete"] is False


def test_an_interrupted_measurement_is_not_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """relcheck ends with the same code, and writes a report as well."""
    with pytest.raises(StageFailed):
        run_stage(measurement(monkeypatch, tmp_path, "interrupted"), tmp_path)
    assert (tmp_path / "report.json").exists()
    assert read_record(tmp_path, "kind/name") is None


def test_reports_of_an_earlier_run_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = measurement(monkeypatch, tmp_path, "budget")
    stage.writes[0].write_text("{}")
    os.utime(stage.writes[0], (0, 0))
    monkeypatch.setattr("paper.stage.RELCHECK", ("-c", "raise SystemExit(3)"))
    with pytest.raises(StageFailed):
        run_stage(stage, tmp_path)


def test_what_another_command_left_unfinished_is_not_continued(tmp_path: Path) -> None:
    """relcheck refuses the checkpoint of another training, and continues its own."""
    state = tmp_path / "made" / "out.training"
    fails, other = python(tmp_path, "raise SystemExit(1)"), python(tmp_path, "raise SystemExit(2)")

    def left(stage: Stage) -> bool:
        state.mkdir(parents=True, exist_ok=True)
        with pytest.raises(StageFailed):
            run_stage(stage, tmp_path)
        return state.exists()

    left(fails)
    assert left(fails), "an interrupted stage goes on"
    assert not left(other)
    record_file(tmp_path, other.name).write_text("{}")
    assert not left(other), "a finished stage begins anew"


def test_a_stage_that_runs_is_not_run_twice(tmp_path: Path) -> None:
    stage = python(tmp_path, "raise SystemExit('it ran')")
    log = log_file(tmp_path, stage.name)
    log.parent.mkdir(parents=True)
    log.write_text("kept")
    with log.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StageFailed, match="still runs"):
            run_stage(stage, tmp_path)
    assert log.read_text() == "kept"


def test_cpu_time_is_that_of_the_command_alone(tmp_path: Path) -> None:
    """Fails with RUSAGE_CHILDREN, which counts all commands that end meanwhile."""
    processes, busy = Processes(), "import time\nwhile time.process_time() < 1: pass"
    spent = {}
    with (tmp_path / "log").open("w") as log:

        def run(name: str, code: str) -> None:
            arguments = [sys.executable, "-c", code]
            spent[name] = processes.run(arguments, cwd=ROOT, env=os.environ, output=log).cpu_seconds

        threads = [
            threading.Thread(target=run, args=("busy", busy)),
            threading.Thread(target=run, args=("idle", "import time; time.sleep(3)")),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert spent["busy"] >= 1
    assert spent["idle"] < 0.9


def test_a_command_that_does_not_end_is_killed_and_none_begins_after(tmp_path: Path) -> None:
    processes = Processes()
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True); "
    code += "time.sleep(600)"
    codes: list[int] = []
    path = tmp_path / "log"
    with path.open("w") as log:

        def run() -> None:
            arguments = [sys.executable, "-c", code]
            codes.append(processes.run(arguments, cwd=ROOT, env=os.environ, output=log).code)

        thread = threading.Thread(target=run)
        thread.start()
        while "on" not in path.read_text():
            thread.join(0.02)
        processes.stop(patience=0.2)
        thread.join()
        run()
    assert codes == [STOPPED, STOPPED]


def test_images_are_drawn_by_the_project_itself(tmp_path: Path) -> None:
    def make(folder: Path) -> dict[str, bytes]:
        command = [sys.executable, "-m", "paper.images", "--made", "--out", str(folder)]
        subprocess.run(command, check=True, cwd=ROOT)
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    found = make(tmp_path / "a")
    assert set(found) == {"train.npz", "validation.npz", "test.npz"}
    assert found == make(tmp_path / "b"), "else every stage would be repeated"
    with np.load(tmp_path / "a" / "test.npz") as test:
        assert test["images"].shape == (200, 32, 32, 3)
        assert np.bincount(test["labels"]).tolist() == [20] * 10


def test_images_that_are_not_there_are_a_sentence(tmp_path: Path) -> None:
    folder = str(tmp_path)
    command = [sys.executable, "-m", "paper.images", "--train", folder, "--test", folder]
    ended = subprocess.run(
        [*command, "--out", str(tmp_path / "out")], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("paper.images: there is no CIFAR-10 in ")
