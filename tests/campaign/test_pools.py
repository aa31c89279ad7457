"""Worker processes: they may be many, and they may die.

Each test names the line whose removal makes it fail; without a file name it is one of
`analyzer/campaign/workers/local_pool.py`.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from analyzer.campaign.blocks import Block, BlockResult
from analyzer.campaign.cells import AnyCell, Cell
from analyzer.campaign.journal.storage import log_at
from analyzer.campaign.result import CampaignResult
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.handle import STARTS, WorkerHandle
from analyzer.campaign.workers.inline_pool import InlinePool
from analyzer.campaign.workers.local_pool import LocalPool
from analyzer.campaign.workers.payload import WorkerPayload, map_payload
from analyzer.campaign.workers.worker import trial_in_worker
from analyzer.errors import DeviceFailed, InternalError, NotRestored, OutOfMemory, UnsupportedModel
from analyzer.evaluation.outcomes import Outcomes
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.stopwatch import HOW_TO_STOP
from analyzer.runtime.live import LiveExecutor
from tests.campaign.contexts import (
    AtOnce,
    Charges,
    Results,
    run,
    shared_results,
    tiny_analysis,
    undisturbed,
    write_payload,
)
from tests.campaign.processes import eventually, is_there, session, started, workers_of
from tests.campaign.sabotage import Deed, Sabotaged
from tests.campaign.test_journal_places import most_bytes_per_file
from tests.support import ROOT, invoke, tiny_cnn, tiny_data

VICTIM = Block(Cell(1e-2, 1), 0)
"""A block that every campaign here runs."""


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The campaign of `undisturbed`."""
    return tiny_analysis(tmp_path_factory.mktemp("analysis"))


@pytest.fixture(scope="module")
def payload(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What its workers need."""
    path = tmp_path_factory.mktemp("payload") / "payload"
    return write_payload(WorkerPayload.of(analysis.context, analysis.model), path)


# The same whoever runs it


def test_in_this_process(analysis: Analysis) -> None:
    with InlinePool(analysis.context) as pool:
        assert run(analysis.context, pool) == undisturbed()


@pytest.mark.parametrize("jobs", [1, 2])
def test_in_worker_processes(jobs: int, analysis: Analysis, payload: Path) -> None:
    with LocalPool(analysis.context, payload, jobs) as pool:
        assert run(analysis.context, pool) == undisturbed()
        pids = [w.pid for w in pool._workers if w.pid]
    assert 1 <= len(set(pids)) <= jobs
    assert not any(is_there(pid) for pid in pids if pid)  # without `worker.close()`


# Workers that die


def test_a_killed_worker_costs_a_retry_and_changes_nothing(
    analysis: Analysis, payload: Path
) -> None:
    """Fails without `except WorkerDied` in `_run_group`."""
    pool = LocalPool(analysis.context, payload, 2)
    killed: list[int] = []

    @dataclass
    class Killer(Charges):
        def charge(self, cpu_seconds: float) -> None:
            for worker in pool._workers:
                if len(killed) < 2 and worker.pid and worker.pid not in killed:
                    killed.append(worker.pid)
                    os.kill(killed[-1], signal.SIGKILL)

    with pool:
        assert run(analysis.context, pool, None, Killer()) == undisturbed()
    assert len(killed) == 2


def sabotaged(
    analysis: Analysis, folder: Path, deed: str, times: int = 1000, at_start: bool = False
) -> tuple[Path, Deed]:
    """A payload whose victim does ``deed``."""
    done = Deed(deed, folder / "diary", times)
    places = {"at_start": done} if at_start else {"in_trial": done}
    bad = Sabotaged.with_deeds(analysis, **places, cell=VICTIM.cell, index=VICTIM.trials[3])
    return write_payload(bad, folder / "sabotaged"), done


@pytest.mark.parametrize("deed", ["kill", "run_out_of_memory", "lose_the_device"])
def test_a_block_that_kills_a_worker_once_is_tried_again(
    deed: str, analysis: Analysis, tmp_path: Path
) -> None:
    """Fails without `_run_alone`; for the second without `isinstance(answer, MemoryError)` in
    `handle.py`.

    For the third without `os._exit` in `worker._attempt`: CUDA answers that process no more.
    """
    path, done = sabotaged(analysis, tmp_path, deed, times=1)
    with LocalPool(analysis.context, path, 1) as pool:
        assert run(analysis.context, pool) == undisturbed()
    assert len(done.done()) == 1


def with_a_crash(context: TrialContext) -> CampaignResult:
    """What the campaign finds if one trial kills whoever runs it."""

    class Crashed(Results):
        def __getitem__(self, block: Block) -> BlockResult:
            found = shared_results()[block]
            if block != VICTIM:
                return found
            index = block.trials[3]
            outcomes = list(found.outcomes)
            outcomes[3] = context.crashed(block.cell, index)
            return BlockResult(block, tuple(outcomes), (index,))

    return run(context, AtOnce(Crashed(context)))


def test_a_pattern_that_crashes_the_runtime_is_a_crash(analysis: Analysis, tmp_path: Path) -> None:
    """Fails without `crashed.append(index)`; one trial less without `_context.crashed`."""
    path, done = sabotaged(analysis, tmp_path, "segfault")
    with LocalPool(analysis.context, path, 1) as pool:
        found = run(analysis.context, pool)
    assert found == with_a_crash(analysis.context)
    assert found != undisturbed()
    assert len(done.done()) == len(set(done.done())) == 4  # with others, alone, and twice apart


def test_a_crash_is_due_on_every_image_and_names_its_pattern(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without `crashes` in `RateState.finished`."""
    analysis = tiny_analysis(tmp_path)
    path, _ = sabotaged(analysis, tmp_path, "segfault")
    bad = map_payload(path)
    monkeypatch.setattr(WorkerPayload, "of", lambda *_: bad)
    options = ("--rates", "1e-3,1e-2", "--precision", "0.05", "--batch", "8", "--jobs", "1")
    target, journal = tmp_path / "report.json", tmp_path / "run.db"
    run = invoke(
        *(tmp_path / "tiny.onnx", "--data", tmp_path / "tiny.npz", *options),
        *("--json", target, "--journal", journal),
    )
    assert run.code == 0
    calm, row = json.loads(target.read_text())["rates"]
    (crash,) = row["crashes"]
    assert calm["crashes"] == []
    expected = analysis.context.crash(VICTIM.cell, VICTIM.trials[3])
    assert crash["trial"] == VICTIM.trials[3]
    assert crash["upsets"] == [
        {"tensor": u.tensor, "element": u.element, "bit": u.bit} for u in expected.upsets
    ]
    assert expected.upsets
    again = invoke("resume", journal, "--jobs", "0", "--json", tmp_path / "again.json")
    assert again.code == 0
    assert json.loads((tmp_path / "again.json").read_text())["rates"] == [calm, row]


def test_a_worker_that_cannot_begin_is_no_crash_of_a_pattern(
    analysis: Analysis, tmp_path: Path
) -> None:
    """Fails if a start is a call like any other: every trial would be recorded as DUE."""
    path, done = sabotaged(analysis, tmp_path, "kill", at_start=True)
    with LocalPool(analysis.context, path, 1) as pool, pytest.raises(OutOfMemory, match="--jobs"):
        run(analysis.context, pool)
    assert len(done.done()) >= STARTS


def test_a_worker_that_dies_at_its_start_by_chance_is_started_again(
    analysis: Analysis, tmp_path: Path
) -> None:
    """Fails without `continue` in `_start` in `handle.py`."""
    path, done = sabotaged(analysis, tmp_path, "kill", times=1, at_start=True)
    worker = WorkerHandle(path, Event())
    try:
        assert worker.call(trial_in_worker, VICTIM.cell, 0) == analysis.context.trial(
            VICTIM.cell, 0
        )
    finally:
        worker.close()
    assert len(done.done()) == 1


@pytest.mark.parametrize(
    ("deed", "error", "says"),
    [
        ("break_a_weight", NotRestored, "a weight is not golden"),
        ("exhaust_the_device", DeviceFailed, "not enough memory"),
        ("make_a_mistake", InternalError, "in a worker process, KeyError: 'mistake'"),
    ],
)
def test_a_defect_in_a_worker_is_told_and_not_counted(
    deed: str, error: type[Exception], says: str, analysis: Analysis, tmp_path: Path
) -> None:
    """Fails without `raise answer` in `handle.py`."""
    path, done = sabotaged(analysis, tmp_path, deed)
    with LocalPool(analysis.context, path, 1) as pool, pytest.raises(error, match=says):
        run(analysis.context, pool)
    assert len(done.done()) == 1


def test_what_a_worker_cannot_unpack_is_told(analysis: Analysis, tmp_path: Path) -> None:
    """Fails without `raise refusal` in `handle.py`."""
    path, _ = sabotaged(analysis, tmp_path, "refuse_the_model", at_start=True)
    with LocalPool(analysis.context, path, 1) as pool, pytest.raises(UnsupportedModel):
        run(analysis.context, pool)


# Progress within blocks


def before_victim(blocks: int) -> list[Block]:
    """So many blocks of the victim's cell, and the victim."""
    return [*(Block(VICTIM.cell, index) for index in range(1, blocks + 1)), VICTIM]


@pytest.mark.parametrize("blocks", [0, 2])
def test_trials_are_seen_before_their_block_is_finished(
    blocks: int, analysis: Analysis, tmp_path: Path
) -> None:
    """Fails without `count(number)` in `blocks.py`; for the second without ``before``."""
    path, done = sabotaged(analysis, tmp_path, "sleep")
    with LocalPool(analysis.context, path, 2) as pool:
        pool.submit(before_victim(blocks))
        assert pool.under_way().keys() <= {VICTIM.cell}
        assert eventually(done.done)
        assert pool.under_way() == {VICTIM.cell: 16 * blocks + 3}


def test_trials_of_finished_blocks_are_not_seen_twice(analysis: Analysis, payload: Path) -> None:
    """Fails without `finished.value = 0` in `handle.py`, or if a worker keeps its cell."""
    with LocalPool(analysis.context, payload, 1) as pool:
        pool.submit([VICTIM]).result()
        assert eventually(lambda: not pool.under_way(), 5.0)
        (worker,) = pool._workers
        assert worker.finished == 0


def test_trials_that_are_run_again_are_seen_once(analysis: Analysis, tmp_path: Path) -> None:
    """Fails without `worker.before` in `_run_alone`."""
    path, done = sabotaged(analysis, tmp_path, "kill_and_then_sleep")
    with LocalPool(analysis.context, path, 1) as pool:
        pool.submit(before_victim(2))
        assert eventually(lambda: len(done.done()) == 2)
        assert pool.under_way() == {VICTIM.cell: 16 * 2 + 3}


def test_trials_in_this_process_are_seen_as_well(
    analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without `under_way` in `inline_pool.py`."""
    seen: list[Mapping[AnyCell, int]] = []
    right = TrialContext.trials

    def looked_at(context: TrialContext, *asked: Any) -> Iterator[Outcomes]:
        for found in right(context, *asked):
            seen.append(pool.under_way())
            yield found

    monkeypatch.setattr(TrialContext, "trials", looked_at)
    with InlinePool(analysis.context) as pool:
        pool.submit([VICTIM]).result()
        assert seen == [{}, *({VICTIM.cell: n} for n in range(1, 16))]
        assert pool.under_way() == {}


# Ends


def test_a_pool_ends_in_the_midst_of_a_block(analysis: Analysis, tmp_path: Path) -> None:
    """Fails without `worker.kill()` in `__exit__`, or without `PoolClosed`: blocks are retried."""
    path, done = sabotaged(analysis, tmp_path, "sleep")
    with LocalPool(analysis.context, path, 1) as pool:
        future = pool.submit([VICTIM])
        assert eventually(done.done)
    (pid,) = done.done()
    assert not is_there(pid)
    assert future.done()


def test_workers_do_not_outlive_a_killed_parent(analysis: Analysis, tmp_path: Path) -> None:
    """Fails without `_die_with_parent` in `worker.py`: the worker would finish its block first."""
    done = Deed("sleep", tmp_path / "diary")
    bad = Sabotaged.with_deeds(analysis, in_trial=done, cell=Cell(1e-3), index=0)
    path = write_payload(bad, tmp_path / "sabotaged")
    command = [sys.executable, "-m", "tests.campaign.sabotage", str(path), "1e-3"]
    with subprocess.Popen(command, cwd=ROOT) as parent:
        assert eventually(done.done)
        (worker,) = done.done()
        assert is_there(worker)
        parent.kill()
    assert eventually(lambda: not is_there(worker), 5.0)


def campaign_in(folder: Path, *options: str | Path) -> "subprocess.Popen[str]":
    """A long campaign."""
    tiny_cnn(folder / "tiny.onnx")
    tiny_data(folder / "tiny.npz")
    return started(folder / "tiny.onnx", *options)


@pytest.fixture
def running(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A campaign whose first blocks are in ``run.db``."""
    journal = tmp_path / "run.db"
    options = ("--rates", "1e-3,1e-2", "--precision", "0.002", "--journal", journal)
    with campaign_in(tmp_path, *options) as process:
        begun = lambda: journal.exists() and len(log_at(journal).entries()) > 8  # noqa: E731
        try:
            assert eventually(begun)
            yield process
        finally:
            for pid in session(process.pid):
                os.kill(pid, signal.SIGKILL)


def test_ctrl_c_prints_what_is_known_and_how_to_go_on(
    running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """Fails without `interruptible`, without `pthread_sigmask` (tracebacks), or `__exit__`."""
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    out, err = running.communicate(timeout=20)
    assert running.returncode == 3
    assert "top-1 %" in out
    assert "it was interrupted before" in " ".join(out.split())
    how = f"interrupted; to go on: relcheck resume {tmp_path / 'run.db'}\n"
    assert err.endswith(f"{HOW_TO_STOP}\n{how}")
    assert eventually(lambda: not session(running.pid), 5.0)
    known = len(log_at(tmp_path / "run.db").entries())
    assert invoke("resume", tmp_path / "run.db", "--budget", "1s").code == 3
    assert len(log_at(tmp_path / "run.db").entries()) > known


def test_sigterm_ends_it_as_ctrl_c_does(running: "subprocess.Popen[str]", tmp_path: Path) -> None:
    """What CI servers and batch systems send before they kill; to the command alone."""
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=20)
    assert running.returncode == 3
    assert "it was interrupted before" in " ".join(out.split())
    how = f"interrupted; to go on: relcheck resume {tmp_path / 'run.db'}\n"
    assert err.endswith(f"{HOW_TO_STOP}\n{how}")
    assert eventually(lambda: not session(running.pid), 5.0)


def test_sigterm_to_all_processes_kills_no_worker(
    running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """Batch systems send it to the whole group. Fails if workers die: their trials count as DUE."""
    before = workers_of(running.pid)
    for pid in before:
        os.kill(pid, signal.SIGTERM)
    time.sleep(0.3)
    assert workers_of(running.pid) == before
    os.killpg(running.pid, signal.SIGTERM)
    out, err = running.communicate(timeout=20)
    assert running.returncode == 3
    assert "it was interrupted before" in " ".join(out.split())
    how = f"interrupted; to go on: relcheck resume {tmp_path / 'run.db'}\n"
    assert err.endswith(f"{HOW_TO_STOP}\n{how}")
    assert eventually(lambda: not session(running.pid), 5.0)


def test_a_second_ctrl_c_stops_at_once_and_says_so(
    running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """Fails without `StoppedAtOnce`; what was kept stays kept."""
    os.killpg(running.pid, signal.SIGINT)
    os.killpg(running.pid, signal.SIGTERM)  # another signal than the first, which cannot be merged
    out, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "top-1 %" not in out
    last = "stopped at once, without a report; finished work is kept where a journal is\n"
    assert err.endswith(last)
    assert "Traceback" not in err
    assert eventually(lambda: not session(running.pid), 5.0)
    assert len(log_at(tmp_path / "run.db").entries()) > 8


def uses_numpy(pid: int) -> bool:
    """Whether a process has come so far."""
    try:
        return "numpy" in Path(f"/proc/{pid}/maps").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_ctrl_c_while_workers_begin_leaves_no_traceback(tmp_path: Path) -> None:
    """Fails without `pthread_sigmask`: workers that are still importing are interrupted as well."""
    options = ("--rates", "1e-3", "--precision", "0.002", "--journal", tmp_path / "run.db")
    with campaign_in(tmp_path, *options) as process:
        assert eventually(lambda: [uses_numpy(p) for p in workers_of(process.pid)] == [True, True])
        for pid in workers_of(process.pid):  # as where they are one process group with the command
            os.kill(pid, signal.SIGINT)
        time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, "top-1 %" in out) == (3, True)
    how = f"interrupted; to go on: relcheck resume {tmp_path / 'run.db'}\n"
    assert err.endswith(f"{HOW_TO_STOP}\n{how}")
    assert eventually(lambda: not session(process.pid), 5.0)


# Memory


def mapped_from(path: Path) -> list[range]:
    """Addresses at which this process has mapped a file, to share and not to write."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    found = [line.split() for line in lines if line.endswith(str(path)) and " r--s " in line]
    return [range(*(int(end, 16) for end in words[0].split("-"))) for words in found]


def copied(context: TrialContext, path: str) -> list[str]:
    """Arrays of a context in a worker that lie elsewhere than in the payload."""
    arrays = {f"inputs {i}": batch.inputs for i, batch in enumerate(context.golden.batches)}
    for i, golden in enumerate(context.golden.by_batch):
        arrays |= {f"golden {i}": golden.decisions.decisions.chosen}
    assert isinstance(context.executor, LiveExecutor)
    model = context.executor.weights.model
    arrays |= {t.name: t.values for t in model.inventory.at_risk}
    places = mapped_from(Path(path))
    assert len(arrays) > 5
    return [
        name for name, array in arrays.items() if not any(array.ctypes.data in p for p in places)
    ]


def test_the_arrays_of_a_payload_are_mapped_and_not_copied(payload: Path) -> None:
    """Fails without `buffer_callback` in `payload.py`, or if the file is read, not mapped."""
    worker = WorkerHandle(payload, Event())
    try:
        assert worker.call(copied, str(payload)) == []
    finally:
        worker.close()


def test_a_full_temporary_folder_is_a_sentence(tmp_path: Path) -> None:
    """Fails without `except OSError` in `nameless_file` in `memory/array_file.py`."""
    model, data = tiny_cnn(tmp_path / "tiny.onnx"), tiny_data(tmp_path / "tiny.npz")
    with most_bytes_per_file(4096):
        run = invoke(model, "--data", data, "--jobs", "1", "--journal", "none")
    assert run.code == 2
    assert "cannot take the" in run.err
    assert run.err.endswith("set TMPDIR to another [unwritable-output]\n")
