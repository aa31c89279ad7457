"""The code that runs in a worker: a context, kept; requests come in, results go out."""

import ctypes
import os
import select
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from analyzer.answers import Failure
from analyzer.campaign.blocks import Block, BlockResult, run_blocks
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.payload import from_buffer, map_payload
from analyzer.errors import ClusterError, DeviceFailed, InternalError, RelcheckError
from analyzer.evaluation.outcome import Outcomes

_thread = threading.local()
"""Contexts of a cluster worker by payload name. A context mutates its weights, so that each thread
has its own."""


class TrialCount:
    """Number of finished trials of the present request, where the parent can look at it.

    Attributes:
        cell: The number, in shared memory.
        charged: CPU seconds of this process that finished blocks were charged with.
    """

    def __init__(self) -> None:
        self.cell = ctypes.c_uint64()
        self.charged = 0.0

    def __call__(self, trials: int) -> None:
        """Show ``trials`` to the parent."""
        self.cell.value = trials


TRIAL_COUNT = TrialCount()
"""The count of this process, if it is a local worker."""


def serve(pipe: Connection, finished: ctypes.c_uint64) -> None:
    """The life of a local worker: build the context, answer requests until the parent hangs up.

    Args:
        pipe: takes the path of the payload, then functions of a context with their further
            arguments; gives None when the context is ready, then what they return or raise.
        finished: memory shared with the parent, for `TRIAL_COUNT`.
    """
    TRIAL_COUNT.cell = finished
    threading.Thread(target=_die_with_parent, args=(pipe.fileno(),), daemon=True).start()
    try:
        context = _attempt(_unpack, pipe.recv())
        pipe.send(None if isinstance(context, TrialContext) else context)
        while True:
            function, arguments = pipe.recv()
            pipe.send(_attempt(function, context, *arguments))
    except (EOFError, OSError):
        return  # the parent hung up


def _unpack(payload: str) -> TrialContext:
    return map_payload(Path(payload)).unpack()


def _attempt(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a call, or the exception that it raised, in a form that can be sent."""
    try:
        return function(*arguments)
    except DeviceFailed as error:
        if error.lost:  # nothing more can be run in this process; the pool starts another
            os._exit(1)
        return error
    except (RelcheckError, MemoryError) as error:
        return error
    except Exception as error:
        defect = InternalError(f"in a worker process, {type(error).__name__}: {error}")
        defect.add_note(traceback.format_exc())
        return defect


def _die_with_parent(pipe: int) -> None:
    """End this process once nobody holds the other end of its pipe to read the results.

    Args:
        pipe: file descriptor; what the parent sent is left to be read by others.
    """
    end = select.poll()
    end.register(pipe, select.POLLRDHUP)
    end.poll()
    os._exit(1)


def blocks_in_worker(context: TrialContext, blocks: Sequence[Block]) -> list[BlockResult]:
    """Run blocks in a local worker.

    The first one is charged with the CPU time that the process spent since it last answered: a
    worker takes time to begin, which is part of the cost of a campaign.

    Args:
        context: of the campaign.
        blocks: which trials.

    Raises:
        NotRestored: a weight was not golden after a trial.
    """
    first, *others = run_blocks(context, blocks, time.process_time, TRIAL_COUNT)
    now = time.process_time()
    counted = sum(r.cpu_seconds for r in (first, *others))
    spent, TRIAL_COUNT.charged = now - TRIAL_COUNT.charged, now
    return [replace(first, cpu_seconds=first.cpu_seconds + max(0.0, spent - counted)), *others]


def trial_in_worker(context: TrialContext, cell: AnyCell, index: int) -> Outcomes:
    """Run one trial in a local worker, to find the trial that kills it.

    Args:
        context: of the campaign.
        cell: which patterns.
        index: of the trial, 0 or more.

    Raises:
        NotRestored: a weight was not golden after the trial.
    """
    return context.trial(cell, index)


def blocks_on_cluster(name: str, content: bytes, blocks: Sequence[Block]) -> list[BlockResult]:
    """Run blocks on a cluster worker, which keeps the context under the name of the payload.

    Args:
        name: of the payload; see `payload.digest`.
        content: of the payload.
        blocks: which trials.

    Raises:
        ClusterError: this machine's arithmetic differs from that of the golden run.
    """
    contexts: dict[str, TrialContext] = _thread.__dict__.setdefault("contexts", {})
    if name not in contexts:
        contexts.clear()  # one campaign at a time: the model of the last one need not stay
        context = from_buffer(content).unpack()
        _check_arithmetic(context)
        contexts[name] = context
    return run_blocks(contexts[name], blocks, time.thread_time)


def _check_arithmetic(context: TrialContext) -> None:
    """Compare the golden answer to one batch with that of the machine where the campaign began."""
    golden = context.golden
    batch, expected = golden.batches[0], golden.by_batch[0].digest
    found = context.executor.run(batch.feeds(golden.input_name))
    if (
        isinstance(found, Failure)
        or golden.judge.golden(found, batch.labels, batch.images).digest != expected
    ):
        raise ClusterError(
            "a worker's processor gives other fault-free answers than this machine's; results "
            "would not be comparable"
        )
