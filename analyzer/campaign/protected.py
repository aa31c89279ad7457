"""An executor behind a protection: patterns are decoded, and the residual runs.

Without a protection there is no such executor in the way, so that nothing costs anything.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

from analyzer.answers import Answer, Failure, Feeds, Result, Run
from analyzer.faults.models import FaultPattern
from analyzer.faults.protections.protection import ProtectedMemory
from analyzer.runtime.executor import CampaignExecutor, Executor
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.ort.acceleration import Acceleration


class ProtectedExecutor:
    """Runs a model whose memory is protected.

    It takes patterns of `ProtectedMemory.space`; the executor inside was opened on
    `ProtectedMemory.data`.
    """

    def __init__(self, inner: CampaignExecutor, memory: ProtectedMemory) -> None:
        """Keep both.

        Args:
            inner: runs the model under residuals.
            memory: what patterns pass through first.
        """
        self._inner = inner
        self.memory = memory

    def run(self, feeds: Feeds) -> Result:
        """The golden answer to ``feeds``."""
        return self._inner.run(feeds)

    def inject(self, pattern: FaultPattern) -> AbstractContextManager[Run]:
        """Within the context, runs happen under what decoding leaves of ``pattern``.

        A detection that is announced ends every run in a failure; one that is not marks the
        answers as detected. Where every upset was corrected, weights are golden ones: nothing is
        run, and the answer says so.
        """
        residual = self.memory.residual(pattern)
        if residual.announced:
            return nullcontext(_announce)
        if residual.corrections and not residual.detections and not len(residual.pattern):
            return nullcontext(_as_written)
        injection: AbstractContextManager[Run] = nullcontext(self._inner.run)
        if len(residual.pattern):
            injection = self._inner.inject(residual.pattern)
        return _marked(injection) if residual.detections else injection

    def check_golden(self) -> None:
        """Compare every weight with golden, bit for bit.

        Raises:
            NotRestored: one differs.
        """
        self._inner.check_golden()

    @property
    def reloads(self) -> int:
        """Patterns that were loaded anew so far."""
        return self._inner.reloads

    @property
    def oracle_runs(self) -> int:
        """Patterns that the oracle ran so far."""
        return self._inner.oracle_runs

    @property
    def accelerations(self) -> tuple[Acceleration, ...]:
        """The accelerations of the executor inside."""
        return self._inner.accelerations

    @property
    def threaded(self) -> bool:
        """True if several threads may run without faults at the same time."""
        return self._inner.threaded

    @property
    def layout(self) -> Layout | None:
        """The layout that the executor inside found."""
        return self._inner.layout

    def release(self) -> None:
        """Give back all memory that runs need; nothing can be run afterwards."""
        self._inner.release()


def _announce(feeds: Feeds) -> Failure:
    return Failure("the memory reported an error that it could not correct", detected=True)


def _as_written(feeds: Feeds) -> Answer:
    return Answer((), as_written=True)


@contextmanager
def _marked(injection: AbstractContextManager[Run]) -> Iterator[Run]:
    """An injection whose answers are marked as detected."""
    with injection as run:
        yield lambda feeds: _mark(run(feeds))


def _mark(result: Result) -> Result:
    if isinstance(result, Failure):
        return replace(result, detected=True)
    return replace(result, detected=True)


def protected(executor: CampaignExecutor, memory: ProtectedMemory | None) -> CampaignExecutor:
    """An executor behind a protection; the executor itself where there is none.

    Args:
        executor: opened on ``memory.data``.
        memory: the protected memory; None: it is not protected.
    """
    return executor if memory is None else ProtectedExecutor(executor, memory)


def memory_of(executor: Executor) -> ProtectedMemory | None:
    """The protection in front of an executor; None: there is none."""
    return executor.memory if isinstance(executor, ProtectedExecutor) else None
