"""A pool on a Dask cluster: versions are compared first, the payload is sent once per worker."""

import platform
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from analyzer.campaign.blocks import Block, BlockResult, Clock, PendingBlocks
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.journal.versions import versions
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.local_pool import LocalPool
from analyzer.campaign.workers.payload import digest
from analyzer.campaign.workers.worker import blocks_on_cluster
from analyzer.errors import ClusterError

CONNECT_SECONDS = 10.0
"""Longest wait for the first answer of the scheduler."""

SENDINGS = 5
"""Attempts to send blocks whose payload was lost with the workers that held it."""

SCATTERS = 20
"""Attempts to scatter the payload while workers are lost. Without a worker an attempt takes 3 s."""

COUNT_SECONDS, PATIENCE_SECONDS = 1.0, 60.0
"""Time between two counts of the workers, and longest wait of a pool without any worker."""

GO_ON = "finished blocks are in the journal, `relcheck resume` goes on"


def versions_here() -> dict[str, str]:
    """Versions that must agree between this machine and every worker, by name."""
    return {"python": ".".join(platform.python_version_tuple()[:2]), **versions()}


class ClusterPool:
    """A pool on a Dask cluster.

    The scheduler runs blocks again whose worker was lost. Blocks with which it lost one worker
    after the other come back, and are run here in a worker process, where a trial that is to blame
    is found. A payload that is lost with all the workers that held it is sent again.
    """

    def __init__(self, address: str, context: TrialContext, payload: Path, clock: Clock) -> None:
        """Connect, compare versions, send the payload.

        Args:
            address: of the scheduler, e.g. ``tcp://scheduler:8786``.
            context: of the campaign.
            payload: the file from which workers read the campaign.
            clock: seconds, of any origin.

        Raises:
            ClusterError: no `distributed` package, no scheduler, no worker, other versions.
        """
        self._address = address
        self._clock = clock
        self._client = _connect(address)
        try:
            _check_versions(self._client, address)
            self._local = LocalPool(context, payload, 1)
            self._content = payload.read_bytes()
            self._name = digest(self._content)
            self._width, self._counted = self._threads(), clock()
            self._last_seen = self._counted
            self._scatter()
        except BaseException:
            self._client.close()
            raise

    def _scatter(self) -> None:
        """Give the payload to every worker, again where a worker is lost meanwhile."""
        for _ in range(SCATTERS):
            if self._client.status != "running":
                raise self._gone()
            try:
                self._sent = self._client.scatter(self._content, broadcast=True, hash=True)
                return
            except OSError as error:  # raised as well where no worker came in time
                lost = error
                threading.Event().wait(COUNT_SECONDS)
        raise self._all_lost() from lost

    @property
    def width(self) -> int:
        """Threads on all workers, as of a moment ago.

        Raises:
            ClusterError: the scheduler is gone, or has had no worker for long.
        """
        now = self._clock()
        if now - self._counted >= COUNT_SECONDS:
            self._width, self._counted = self._threads(), now
        if self._width:
            self._last_seen = now
        elif now - self._last_seen > PATIENCE_SECONDS:
            raise self._all_lost()
        return max(1, self._width)

    def _threads(self) -> int:
        try:
            return int(sum(self._client.nthreads().values()))
        except (OSError, TimeoutError) as error:
            raise self._gone() from error

    def _all_lost(self) -> ClusterError:
        return ClusterError(f"the scheduler at {self._address} lost all workers; {GO_ON}")

    def _gone(self) -> ClusterError:
        return ClusterError(f"the scheduler at {self._address} is gone; {GO_ON}")

    def __enter__(self) -> Self:
        """The pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Leave the cluster to others."""
        self._local.__exit__(kind, error, None)
        self._client.close()

    def submit(self, blocks: Sequence[Block]) -> PendingBlocks:
        """Send blocks, one or more, to a worker."""
        pending = PendingBlocks()
        self._send(blocks, pending, SENDINGS)
        return pending

    def under_way(self) -> Mapping[AnyCell, int]:
        """Finished trials of unfinished blocks that run here; the cluster shows none of its own."""
        return self._local.under_way()

    def _send(self, blocks: Sequence[Block], pending: PendingBlocks, sendings: int) -> None:
        task = self._client.submit(
            blocks_on_cluster, self._name, self._sent, tuple(blocks), pure=False
        )
        pending.add_done_callback(lambda found: task.cancel() if found.cancelled() else None)
        task.add_done_callback(lambda task: self._done(task, blocks, pending, sendings))

    def _done(
        self, task: Any, blocks: Sequence[Block], pending: PendingBlocks, sendings: int
    ) -> None:
        """Pass on the results of a task, or the reason why there are none."""
        try:
            self._settle(task, blocks, pending, sendings)
        except Exception as error:
            if not pending.done():
                pending.set_exception(error)

    def _settle(
        self, task: Any, blocks: Sequence[Block], pending: PendingBlocks, sendings: int
    ) -> None:
        if pending.done():
            return
        try:
            pending.set_result(self._result(task))
        except (CancelledError, TimeoutError):  # payload or result went with its workers
            self._again(blocks, pending, sendings)
        except Exception as error:
            if type(error).__name__ != "KilledWorker":
                raise
            _pass_on(self._local.submit(blocks), pending)

    def _result(self, task: Any) -> list[BlockResult]:
        """The results of ``task``, waiting no longer than the client lives.

        The result of a finished task may be lost with the worker that had it, on its way here.
        Without a limit the wait would outlive the client, and so would the thread that all clients
        of this process share.
        """
        for _ in range(round(PATIENCE_SECONDS / COUNT_SECONDS)):
            if self._client.status != "running":
                raise self._gone()
            try:
                found: list[BlockResult] = task.result(timeout=COUNT_SECONDS)
                return found
            except TimeoutError:
                continue
        raise TimeoutError

    def _again(self, blocks: Sequence[Block], pending: PendingBlocks, sendings: int) -> None:
        """Send blocks once more, the payload before them if it is lost as well."""
        if self._client.status != "running" or sendings == 1:
            raise self._gone()
        if self._sent.status != "finished":
            self._scatter()
        self._send(blocks, pending, sendings - 1)


def _pass_on(source: PendingBlocks, target: PendingBlocks) -> None:
    """Have ``target`` end as ``source`` does."""

    def settle(source: PendingBlocks) -> None:
        if target.done() or source.cancelled():
            return
        error = source.exception()
        if error is None:
            target.set_result(source.result())
        else:
            target.set_exception(error)

    source.add_done_callback(settle)


def _connect(address: str) -> Any:
    try:
        import distributed
    except ImportError as error:
        raise ClusterError(
            "--cluster needs the package distributed; install relcheck-onnx[distributed]"
        ) from error
    try:
        client: Any = distributed.Client
        return client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(f"no Dask scheduler answers at {address}") from error


def _check_versions(client: Any, address: str) -> None:
    mine = versions_here()
    found = client.run(versions_here, on_error="return")
    if not found:
        raise ClusterError(f"the scheduler at {address} has no workers")
    for worker, there in found.items():
        if isinstance(there, BaseException):
            raise ClusterError(f"worker {worker} cannot run relcheck ({there}); install it there")
        for name, wanted in mine.items():
            if there.get(name) != wanted:
                raise ClusterError(
                    f"worker {worker} has {name} {there.get(name)}, here it is {wanted}; results "
                    "would not be comparable"
                )
