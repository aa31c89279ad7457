"""A Dask cluster: a real scheduler and real workers, which may be lost.

Each test names the line of `analyzer/campaign/workers/dask_pool.py` whose removal makes it fail.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from distributed.comm.core import CommClosedError

from analyzer.campaign.blocks import Block, BlockResult
from analyzer.campaign.cells import Cell
from analyzer.campaign.journal.versions import versions
from analyzer.campaign.workers import dask_pool as module
from analyzer.campaign.workers.dask_pool import (
    PATIENCE_SECONDS,
    SENDINGS,
    ClusterPool,
    versions_here,
)
from analyzer.campaign.workers.payload import WorkerPayload
from analyzer.errors import ClusterError
from analyzer.jobs.prepare import Analysis
from tests.campaign.clusters import Cluster, cluster
from tests.campaign.contexts import (
    Charges,
    Memory,
    Opaque,
    run,
    shared_results,
    tiny_analysis,
    undisturbed,
    write_payload,
    zero_clock,
)
from tests.campaign.sabotage import Deed, Sabotaged
from tests.campaign.test_pools import VICTIM, with_a_crash
from tests.support import invoke


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The campaign of `undisturbed`."""
    return tiny_analysis(tmp_path_factory.mktemp("analysis"))


@pytest.fixture(scope="module")
def payload(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What its workers need."""
    path = tmp_path_factory.mktemp("payload") / "payload"
    return write_payload(WorkerPayload.of(analysis.context, analysis.model), path)


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two workers."""
    with cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


@dataclass
class After(Charges):
    """A budget that does something after so many blocks, once."""

    blocks: int = 5
    deed: Any = None

    def charge(self, cpu_seconds: float) -> None:
        """Count."""
        self.blocks -= 1
        if self.blocks == 0:
            self.deed()


def sabotaged(analysis: Analysis, folder: Path, **deeds: Deed) -> Path:
    bad = Sabotaged.with_deeds(analysis, **deeds, cell=VICTIM.cell, index=VICTIM.trials[3])
    return write_payload(bad, folder / "sabotaged")


def test_the_same_report_as_without_a_cluster(dask: Cluster, tmp_path: Path) -> None:
    tiny_analysis(tmp_path)
    common = (tmp_path / "tiny.onnx", "--rates", "1e-3,1e-2", "--precision", "0.05")

    def figures(*options: str | Path) -> dict[str, Any]:
        target = tmp_path / "report.json"
        assert invoke(*common, *options, "--json", target).code == 0
        report: dict[str, Any] = json.loads(target.read_text())
        del report["run"]
        return report

    there = figures("--cluster", dask.address, "--journal", tmp_path / "there.db")
    assert there == figures("--journal", "none")
    assert there == figures("--journal", tmp_path / "there.db")


def test_a_worker_lost_in_the_midst_changes_nothing(
    dask: Cluster, analysis: Analysis, payload: Path
) -> None:
    """Its blocks are run by the other one, or by its successor."""
    kill = After(deed=lambda: dask.kill(dask.workers()[0]))
    with ClusterPool(dask.address, analysis.context, payload, zero_clock) as pool:
        assert run(analysis.context, pool, None, kill) == undisturbed()


def test_a_model_that_is_lost_with_all_workers_is_sent_again(
    dask: Cluster, analysis: Analysis, payload: Path
) -> None:
    """Fails without `_again`: the scheduler cannot make again what it was given."""
    kill = After(deed=lambda: dask.kill(*dask.workers()))
    with ClusterPool(dask.address, analysis.context, payload, zero_clock) as pool:
        assert run(analysis.context, pool, None, kill) == undisturbed()


def test_a_worker_lost_while_it_is_given_the_model(
    dask: Cluster, analysis: Analysis, payload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without the second attempt in `_scatter`."""
    with ClusterPool(dask.address, analysis.context, payload, zero_clock) as pool:
        scatter, losses = pool._client.scatter, [CommClosedError("in <TCP>: Stream is closed")]

        def lose_one(*content: Any, **options: Any) -> Any:
            if losses:
                raise losses.pop()
            return scatter(*content, **options)

        monkeypatch.setattr(pool._client, "scatter", lose_one)
        pool._scatter()
        assert not losses
        assert run(analysis.context, pool) == undisturbed()


def test_a_block_that_keeps_killing_workers_is_a_crash(
    dask: Cluster, analysis: Analysis, tmp_path: Path
) -> None:
    """Fails without the branch for `KilledWorker`: it would end the campaign."""
    deed = Deed("segfault", tmp_path / "diary")
    path = sabotaged(analysis, tmp_path, in_trial=deed)
    with ClusterPool(dask.address, analysis.context, path, zero_clock) as pool:
        assert run(analysis.context, pool) == with_a_crash(analysis.context)
    assert len(deed.done()) >= 2 + 4  # there until it is given up, and here as in any local pool


def test_the_model_is_unpacked_once_per_worker(
    dask: Cluster, analysis: Analysis, tmp_path: Path
) -> None:
    """Fails without `contexts` in `worker.py`, and without a name by content."""
    deed = Deed("do_nothing", tmp_path / "diary")
    path = sabotaged(analysis, tmp_path, at_start=deed)
    for _ in range(2):  # another campaign of the same model and data
        with ClusterPool(dask.address, analysis.context, path, zero_clock) as pool:
            assert run(analysis.context, pool) == undisturbed()
    times = Counter(deed.done())
    assert set(times.values()) == {1}
    assert set(times) <= set(dask.workers())
    assert os.getpid() not in times


def test_a_defect_on_a_worker_is_told_and_not_tried_again(
    dask: Cluster, analysis: Analysis, tmp_path: Path
) -> None:
    deed = Deed("make_a_mistake", tmp_path / "diary")
    path = sabotaged(analysis, tmp_path, in_trial=deed)
    with (
        ClusterPool(dask.address, analysis.context, path, zero_clock) as pool,
        pytest.raises(KeyError, match="mistake"),
    ):
        run(analysis.context, pool)
    assert len(deed.done()) == 1


def test_a_worker_whose_arithmetic_differs_is_refused(
    dask: Cluster, analysis: Analysis, tmp_path: Path
) -> None:
    """Fails without `_check_arithmetic` in `worker.py`: figures would depend on who ran what."""
    plain = WorkerPayload.of(analysis.context, analysis.model)
    first, *others = plain.golden.by_batch
    other = replace(first, digest="another machine's")
    golden = replace(plain.golden, by_batch=(other, *others))
    bad = replace(plain, golden=golden)
    path = write_payload(bad, tmp_path / "payload")
    with (
        ClusterPool(dask.address, analysis.context, path, zero_clock) as pool,
        pytest.raises(ClusterError, match="other fault-free answers"),
    ):
        run(analysis.context, pool)


@pytest.mark.parametrize("name", ["relcheck", "code", "onnxruntime", "python"])
def test_other_versions_are_refused_before_work_is_sent(
    name: str,
    dask: Cluster,
    analysis: Analysis,
    payload: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fails without `_check_versions`."""
    monkeypatch.setattr(module, "versions", lambda: {**versions(), name: "99.0"})  # here only
    with pytest.raises(ClusterError, match=rf"has {name} .*, here it is 99\.0; results"):
        ClusterPool(dask.address, analysis.context, payload, zero_clock)


def test_a_lost_scheduler_is_a_sentence(analysis: Analysis, payload: Path, tmp_path: Path) -> None:
    """Fails without `except (OSError, TimeoutError)` in `_threads`, or the error in `_again`."""
    store = Memory()
    clock = iter(range(10**6)).__next__
    with (
        cluster(tmp_path, workers=1) as dask,
        ClusterPool(dask.address, analysis.context, payload, lambda: float(clock())) as pool,
        pytest.raises(ClusterError, match="is gone; finished blocks are in the journal"),
    ):
        run(analysis.context, pool, store, After(deed=dask.scheduler.kill))
    assert len(store.blocks) >= 5
    assert run(analysis.context, FromHere(), store) == undisturbed()


class FromHere(Opaque):
    """A pool in this process."""

    width = 1

    def submit(self, blocks: Any) -> "Future[list[BlockResult]]":
        """Answer now."""
        future: Future[list[BlockResult]] = Future()
        future.set_result([shared_results()[block] for block in blocks])
        return future


# Without a cluster


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "tcp://no.such.host.invalid:8786", "nonsense://x:1", "tcp://"]
)
def test_no_scheduler(
    address: str, analysis: Analysis, payload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without the `except` in `_connect`."""
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.3)
    with pytest.raises(ClusterError, match="no Dask scheduler answers at"):
        ClusterPool(address, analysis.context, payload, zero_clock)


def test_no_distributed_package(
    analysis: Analysis, payload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without `except ImportError`."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"install relcheck-onnx\[distributed\]"):
        ClusterPool("tcp://127.0.0.1:9", analysis.context, payload, zero_clock)


@dataclass
class Task:
    """A future of `FakeClient`."""

    status: str = "cancelled"
    fault: type[Exception] = CancelledError
    meanwhile: Any = None

    def add_done_callback(self, callback: Any) -> None:
        """It is done."""
        callback(self)

    def result(self, timeout: float) -> Any:
        """What is lost."""
        assert timeout < 10
        if self.meanwhile is not None:
            self.meanwhile()
        raise self.fault


@dataclass
class FakeClient:
    """A client whose cluster does what a test needs.

    Attributes:
        found: What `run` returns.
        threads: Of the workers.
        scatters: How often the payload was sent.
        sent: How often blocks were sent.
    """

    found: dict[str, Any] = field(default_factory=lambda: {"w": versions_here()})
    threads: dict[str, int] = field(default_factory=lambda: {"w": 3})
    scatters: int = 0
    sent: int = 0
    status: str = "running"
    closed: bool = False
    task: Task = field(default_factory=Task)

    def run(self, function: Any, on_error: str) -> dict[str, Any]:
        """The answers of all workers."""
        assert on_error == "return"
        return self.found

    def nthreads(self) -> dict[str, int]:
        """Threads by worker."""
        return self.threads

    def scatter(self, content: bytes, broadcast: bool, hash: bool) -> Task:
        """Ship."""
        self.scatters += 1
        return Task()

    def submit(self, *work: Any, pure: bool) -> Task:
        """Send."""
        self.sent += 1
        return self.task

    def close(self) -> None:
        """Close."""
        self.closed = True


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    """The client of every `ClusterPool`."""
    fake = FakeClient()
    monkeypatch.setattr(module, "_connect", lambda address: fake)
    return fake


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({}, "has no workers"),
        ({"w": ModuleNotFoundError("No module named 'analyzer'")}, "worker w cannot run relcheck"),
        (
            {"w": versions_here(), "v": {**versions_here(), "onnx": "0.1"}},
            "worker v has onnx 0.1, here",
        ),
        ({"w": {}}, "worker w has python None"),
    ],
)
def test_workers_that_cannot_help(
    found: dict[str, Any], says: str, client: FakeClient, analysis: Analysis, payload: Path
) -> None:
    """Fails without that check in `_check_versions`."""
    client.found = found
    with pytest.raises(ClusterError, match=says):
        ClusterPool("tcp://here", analysis.context, payload, zero_clock)
    assert client.closed
    assert client.scatters == 0


def test_a_cluster_without_workers_is_given_up_in_the_end(
    client: FakeClient, analysis: Analysis, payload: Path
) -> None:
    """Fails without `PATIENCE_SECONDS`: the run would wait forever."""
    now = 0.0
    with ClusterPool("tcp://here", analysis.context, payload, lambda: now) as pool:
        assert pool.width == 3
        client.threads = {}
        now = PATIENCE_SECONDS
        assert pool.width == 1
        client.threads = {"w": 2}
        now += 10
        assert pool.width == 2
        client.threads = {}
        now += 2 * PATIENCE_SECONDS
        with pytest.raises(ClusterError, match="lost all workers"):
            assert pool.width


def test_blocks_are_not_sent_forever(client: FakeClient, analysis: Analysis, payload: Path) -> None:
    """Fails without `sendings == 1`."""
    with ClusterPool("tcp://here", analysis.context, payload, zero_clock) as pool:
        answer = pool.submit([Block(Cell(1e-3), 0)])
        with pytest.raises(ClusterError, match="is gone"):
            answer.result(timeout=0)
    assert client.sent == SENDINGS
    assert client.scatters == SENDINGS


def test_a_result_that_does_not_come_is_computed_again(
    client: FakeClient, analysis: Analysis, payload: Path
) -> None:
    """Fails without `timeout` in `_result`: it may have been lost on its way."""
    client.task.fault = TimeoutError
    with (
        ClusterPool("tcp://here", analysis.context, payload, zero_clock) as pool,
        pytest.raises(ClusterError, match="is gone"),
    ):
        pool.submit([Block(Cell(1e-3), 0)]).result(timeout=0)
    assert client.sent == SENDINGS


def test_nobody_waits_for_results_of_a_closed_client(
    client: FakeClient, analysis: Analysis, payload: Path
) -> None:
    """Fails without the look at `status` in `_result`: later clients share the thread."""
    waits = []

    def close() -> None:
        waits.append(1)
        client.status = "closed"

    client.task = Task(fault=TimeoutError, meanwhile=close)
    with (
        ClusterPool("tcp://here", analysis.context, payload, zero_clock) as pool,
        pytest.raises(ClusterError, match="is gone"),
    ):
        pool.submit([Block(Cell(1e-3), 0)]).result(timeout=0)
    assert len(waits) == client.sent == 1
