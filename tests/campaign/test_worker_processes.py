"""Workers that were started before there is work: used if there is some, ended if not."""

from pathlib import Path

import pytest

from analyzer.campaign.workers.local_pool import LocalPool
from analyzer.campaign.workers.payload import WorkerPayload
from analyzer.campaign.workers.processes import WorkerProcesses
from analyzer.jobs import sweep as analysis
from tests.campaign.contexts import run, tiny_analysis, undisturbed, write_payload
from tests.campaign.processes import is_there
from tests.support import invoke, tiny_cnn, tiny_data


def pids(processes: WorkerProcesses) -> list[int]:
    return [process.pid or 0 for process, *_ in processes._waiting]


def test_those_that_wait_are_taken_and_the_others_end(tmp_path: Path) -> None:
    ready = tiny_analysis(tmp_path)
    payload = write_payload(WorkerPayload.of(ready.context, ready.model), tmp_path / "payload")
    with WorkerProcesses() as processes:
        processes.start(3)
        early = pids(processes)
        with LocalPool(ready.context, payload, 2, processes) as pool:
            assert run(ready.context, pool) == undisturbed()
            used = [w.pid for w in pool._workers if w.pid]
            assert set(used) <= set(early)
        assert len(pids(processes)) == 3 - len(used)
        assert all(is_there(pid) for pid in pids(processes))
    assert not any(is_there(pid) for pid in early)


def test_one_that_died_while_it_waited_is_replaced(tmp_path: Path) -> None:
    """Fails without `send` in the `try` of `WorkerHandle._start`."""
    ready = tiny_analysis(tmp_path)
    payload = write_payload(WorkerPayload.of(ready.context, ready.model), tmp_path / "payload")
    with WorkerProcesses() as processes:
        processes.start(1)
        process = processes._waiting[0][0]
        process.kill()
        process.join()
        with LocalPool(ready.context, payload, 1, processes) as pool:
            assert run(ready.context, pool) == undisturbed()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many workers each command starts early."""
    counts: list[int] = []
    right = WorkerProcesses.start

    def start(processes: WorkerProcesses, count: int) -> None:
        counts.append(count)
        right(processes, count)

    monkeypatch.setattr(WorkerProcesses, "start", start)
    return counts


@pytest.mark.parametrize(("jobs", "early"), [("0", []), ("1", [1]), ("2", [2])])
@pytest.mark.parametrize("command", ["run", "map"])
def test_only_large_models_have_workers_start_early(
    command: str,
    jobs: str,
    early: list[int],
    tmp_path: Path,
    started: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, data = tiny_cnn(tmp_path / "tiny.onnx"), tiny_data(tmp_path / "tiny.npz")
    rest = ("--rates", "1e-3") if command == "run" else ()
    asked = (command, model, "--data", data, "--jobs", jobs, "--journal", "none", *rest)
    plain = invoke(*asked)
    assert plain.code == 0, plain.err
    assert started == []
    monkeypatch.setattr(analysis, "LARGE_MODEL", 1)
    assert invoke(*asked).out.splitlines()[:-2] == plain.out.splitlines()[:-2]
    assert started == early


def test_bad_input_starts_none(
    tmp_path: Path, started: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "LARGE_MODEL", 0)
    model = tiny_cnn(tmp_path / "tiny.onnx")
    run = invoke("run", model, "--data", tmp_path / "nothing.npz", "--journal", "none")
    assert run.code == 2
    assert started == []
