"""A study goes on where it stopped, and repeats only what has changed."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from paper.engine import adopt, outdated, run_stages
from paper.progress import Progress, Times
from paper.stage import Stage, record_file, run_stage
from tests.paper.tiny_studies import chain, runs, stage, start, wait_for

EVERY = ["first", "second", "third", "apart"]


def run(stages: tuple[Stage, ...], folder: Path, jobs: int = 2) -> tuple[bool, Progress, str]:
    """All stages; what was printed comes last."""
    printed: list[str] = []
    old = outdated(stages, folder)
    pending = [s for s in stages if s.name in old]
    progress = Progress(pending, folder, Times(), jobs, printed.append)
    fine = run_stages(stages, [s.name for s in stages], folder, jobs, progress)
    return fine, progress, "".join(printed)


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Path]:
    """A folder whose second stage waits until ``wait`` is gone."""
    (tmp_path / "wait").touch()
    yield tmp_path
    (tmp_path / "wait").unlink(missing_ok=True)


def test_each_stage_is_run_once(tmp_path: Path) -> None:
    stages = chain(tmp_path)
    fine, _, printed = run(stages, tmp_path)
    assert fine
    assert sorted(runs(tmp_path)) == sorted(EVERY)
    assert runs(tmp_path).index("second") < runs(tmp_path).index("third")
    assert printed.count("\n") == 4
    assert outdated(stages, tmp_path) == frozenset()
    assert run(stages, tmp_path)[2] == ""
    assert len(runs(tmp_path)) == 4


def test_another_command_repeats_its_stage_and_what_reads_other_files_then(tmp_path: Path) -> None:
    run(chain(tmp_path), tmp_path)
    stages = chain(tmp_path, text="b")
    assert outdated(stages, tmp_path) == {"first", "second", "third"}
    run(stages, tmp_path)
    assert runs(tmp_path)[4:] == ["first", "second", "third"]
    assert (tmp_path / "third.txt").read_text() == "b"


def test_another_command_with_the_same_files_repeats_nothing_else(tmp_path: Path) -> None:
    run(chain(tmp_path), tmp_path)
    _, _, printed = run(chain(tmp_path, code="1 + 1"), tmp_path)
    assert runs(tmp_path)[4:] == ["second"]
    assert "same files  third" in printed


def test_a_changed_file_repeats_its_readers(tmp_path: Path) -> None:
    stages = chain(tmp_path)
    run(stages, tmp_path)
    (tmp_path / "second.txt").write_text("by hand")
    assert outdated(stages, tmp_path) == {"third"}


def test_a_missing_file_is_made_again(tmp_path: Path) -> None:
    stages = chain(tmp_path)
    run(stages, tmp_path)
    (tmp_path / "apart.txt").unlink()
    assert outdated(stages, tmp_path) == {"apart"}


def test_after_a_failure_independent_stages_go_on(tmp_path: Path) -> None:
    stages = chain(tmp_path, code="raise SystemExit('no such luck')")
    fine, progress, printed = run(stages, tmp_path, jobs=1)
    assert not fine
    assert progress.failed == ["second"]
    assert progress.waiting == ["third"]
    assert runs(tmp_path) == ["first", "second", "apart"]
    assert "FAILED  second" in printed
    assert outdated(stages, tmp_path) == {"second", "third"}
    assert run(chain(tmp_path), tmp_path)[0]


def test_files_with_the_record_of_their_command_are_adopted(tmp_path: Path) -> None:
    """Fails if `adopt` asks for files alone: another command may have made them."""
    stages = chain(tmp_path)
    for one in stages:
        run_stage(one, tmp_path)
    record_file(tmp_path, "apart").unlink()
    changed = (stages[0], *chain(tmp_path, code="1 + 1")[1:])
    assert outdated(stages, tmp_path) == frozenset(EVERY)
    assert adopt(changed, tmp_path) == 2
    assert outdated(changed, tmp_path) == {"second", "third", "apart"}
    assert adopt(stages, tmp_path) == 3
    assert outdated(stages, tmp_path) == {"apart"}


def test_two_stages_run_at_the_same_time(tmp_path: Path) -> None:
    """Each waits for the other to begin."""
    code = "import os, time\nopen({mine!r}, 'w')\nuntil = time.time() + 20\n"
    code += "while not os.path.exists({other!r}):\n    assert time.time() < until"
    marks = [str(tmp_path / "mark-a"), str(tmp_path / "mark-b")]
    stages = (
        stage(tmp_path, "a", code=code.format(mine=marks[0], other=marks[1])),
        stage(tmp_path, "b", code=code.format(mine=marks[1], other=marks[0])),
    )
    assert run(stages, tmp_path)[0]


def test_a_killed_run_goes_on_where_it_was(waiting: Path) -> None:
    """Finished stages were written down at once, and the one that still runs is not run twice."""
    process = start(waiting, "--jobs", "1")
    wait_for(lambda: (waiting / "pid").exists() and (waiting / "pid").read_text() != "")
    process.kill()
    process.communicate()
    again = start(waiting, "--jobs", "1")
    _, errors = again.communicate()
    assert again.returncode == 1
    assert "paper: second failed; its output is in" in errors
    assert "1 stage needs files" in errors
    assert runs(waiting) == ["first", "second", "apart"]
    os.kill(int((waiting / "pid").read_text()), signal.SIGKILL)
    (waiting / "wait").unlink()
    last = start(waiting)
    printed, _ = last.communicate()
    assert last.returncode == 0, printed
    assert runs(waiting) == ["first", "second", "apart", "second", "third"]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "terminated"]
)
def test_an_interruption_ends_the_commands_and_is_a_sentence(
    waiting: Path, number: signal.Signals, code: int
) -> None:
    process = start(waiting, "--jobs", "1")
    wait_for(lambda: (waiting / "pid").exists() and (waiting / "pid").read_text() != "")
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert errors.strip() == "paper: interrupted; the same command continues"
    with pytest.raises(ProcessLookupError):
        os.kill(int((waiting / "pid").read_text()), 0)
    assert not record_file(waiting, "second").exists()
    (waiting / "wait").unlink()
    last = start(waiting)
    printed, _ = last.communicate()
    assert printed.splitlines()[0].startswith("3 of 4 stages to run")
    assert runs(waiting)[:2] == ["first", "second"]
    assert sorted(runs(waiting)[2:]) == ["apart", "second", "third"]


def test_two_processes_do_not_work_in_one_folder(waiting: Path) -> None:
    process = start(waiting, "--jobs", "1")
    wait_for(lambda: (waiting / "pid").exists())
    other = start(waiting)
    _, errors = other.communicate()
    assert other.returncode == 1
    assert "another process works in" in errors
    (waiting / "wait").unlink()
    process.communicate()
    assert process.returncode == 0
