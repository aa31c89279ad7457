"""Blocks on a Dask cluster: model and data are shipped once per worker, versions checked first."""

import platform
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from analyzer.campaign.blocks import Block, BlockResult, Clock
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.journal.versions import versions
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.local_pool import LocalPool
from analyzer.campaign.workers.payload import digest
from analyzer.campaign.workers.worker import blocks_on_cluster
from analyzer.errors import ClusterError

Answer = Future[list[BlockResult]]

CONNECT_SECONDS = 10.0

SENDINGS = 5
"""How often blocks are sent whose model was lost with the workers that held it."""

SHIPPINGS = 20
"""How often the model is shipped while workers are lost; without a worker each takes 3 seconds."""

LOOK_SECONDS, PATIENCE_SECONDS = 1.0, 60.0
"""How often the workers are counted, and how long it is waited for one if there are none."""

GO_ON = "finished blocks are in the journal, `relcheck resume` goes on"


def versions_here() -> dict[str, str]:
    """Versions that must agree between this machine and every worker."""
    return {"python": ".".join(platform.python_version_tuple()[:2]), **versions()}


class ClusterPool:
    """A pool on a Dask cluster.

    The scheduler runs blocks again whose worker was lost. Blocks with which it lost one worker
    after the other come back, and are run here in a worker process, where a trial that is to blame
    is found. If the model is lost with all the workers that held it, it is shipped again.
    """

    def __init__(self, address: str, context: TrialContext, shipment: Path, clock: Clock) -> None:
        """Connect, compare versions, ship.

        Args:
            address: of the scheduler, e.g. ``tcp://scheduler:8786``.
            context: what is run.
            shipment: path of the shipment.
            clock: seconds, of any origin.

        Raises:
            ClusterError: no `distributed` package, no scheduler, no worker, other versions.
        """
        self._address = address
        self._clock = clock
        self._client = _connect(address)
        try:
            _check_versions(self._client, address)
            self._here = LocalPool(context, shipment, 1)
            self._content = shipment.read_bytes()
            self._name = digest(self._content)
            self._width, self._looked = self._threads(), clock()
            self._peopled = self._looked
            self._ship()
        except BaseException:
            self._client.close()
            raise

    def _ship(self) -> None:
        """Give the model to every worker, more than once if one is lost while it is given."""
        for _ in range(SHIPPINGS):
            if self._client.status != "running":
                raise self._gone()
            try:
                self._shipped = self._client.scatter(self._content, broadcast=True, hash=True)
                return
            except OSError as error:  # also: no worker is there, for which it was waited
                lost = error
                threading.Event().wait(LOOK_SECONDS)
        raise self._deserted() from lost

    @property
    def width(self) -> int:
        """Threads on all workers, as of a moment ago.

        Raises:
            ClusterError: the scheduler is gone, or has had no worker for long.
        """
        now = self._clock()
        if now - self._looked >= LOOK_SECONDS:
            self._width, self._looked = self._threads(), now
        if self._width:
            self._peopled = now
        elif now - self._peopled > PATIENCE_SECONDS:
            raise self._deserted()
        return max(1, self._width)

    def _threads(self) -> int:
        try:
            return int(sum(self._client.nthreads().values()))
        except (OSError, TimeoutError) as error:
            raise self._gone() from error

    def _deserted(self) -> ClusterError:
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
        self._here.__exit__(kind, error, None)
        self._client.close()

    def submit(self, blocks: Sequence[Block]) -> Answer:
        """Send ``blocks`` to a worker."""
        answer: Answer = Future()
        self._send(blocks, answer, SENDINGS)
        return answer

    def under_way(self) -> Mapping[AnyCell, int]:
        """Of what runs here alone: a cluster's workers show nothing of unfinished blocks."""
        return self._here.under_way()

    def _send(self, blocks: Sequence[Block], answer: Answer, sendings: int) -> None:
        task = self._client.submit(
            blocks_on_cluster, self._name, self._shipped, tuple(blocks), pure=False
        )
        answer.add_done_callback(lambda found: task.cancel() if found.cancelled() else None)
        task.add_done_callback(lambda task: self._done(task, blocks, answer, sendings))

    def _done(self, task: Any, blocks: Sequence[Block], answer: Answer, sendings: int) -> None:
        """Pass on what became of ``blocks``."""
        try:
            self._settle(task, blocks, answer, sendings)
        except Exception as error:
            if not answer.done():
                answer.set_exception(error)

    def _settle(self, task: Any, blocks: Sequence[Block], answer: Answer, sendings: int) -> None:
        if answer.done():
            return
        try:
            answer.set_result(self._result(task))
        except (CancelledError, TimeoutError):  # the model or this result went with its workers
            self._again(blocks, answer, sendings)
        except Exception as error:
            if type(error).__name__ != "KilledWorker":
                raise
            _pass_on(self._here.submit(blocks), answer)

    def _result(self, task: Any) -> list[BlockResult]:
        """What ``task`` found, waiting no longer than the client lives.

        The result of a finished task travels, and may be lost on its way with the worker that had
        it. Without a limit the wait outlives the client, and with it the thread that all clients
        of this process share.
        """
        for _ in range(round(PATIENCE_SECONDS / LOOK_SECONDS)):
            if self._client.status != "running":
                raise self._gone()
            try:
                found: list[BlockResult] = task.result(timeout=LOOK_SECONDS)
                return found
            except TimeoutError:
                continue
        raise TimeoutError

    def _again(self, blocks: Sequence[Block], answer: Answer, sendings: int) -> None:
        """Send ``blocks`` once more, after the model if that is lost as well."""
        if self._client.status != "running" or sendings == 1:
            raise self._gone()
        if self._shipped.status != "finished":
            self._ship()
        self._send(blocks, answer, sendings - 1)


def _pass_on(source: Answer, answer: Answer) -> None:
    """Have ``answer`` end as ``source`` does."""

    def settle(source: Answer) -> None:
        if answer.done() or source.cancelled():
            return
        error = source.exception()
        if error is None:
            answer.set_result(source.result())
        else:
            answer.set_exception(error)

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
