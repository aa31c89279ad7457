"""What runs where blocks run: one context, kept; requests come in, results go out."""

import ctypes
import os
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from analyzer.answers import Answer, Failure
from analyzer.campaign.blocks import Block, BlockResult, run_blocks
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.payload import from_buffer, map_shipment
from analyzer.errors import ClusterError, DeviceFailed, InternalError, RelcheckError
from analyzer.evaluation.outcome import Outcomes

_thread = threading.local()
"""Benches of a cluster worker by shipment name. A context mutates its weights, so that each thread
has its own."""


class Finished:
    """How many trials of the present request are finished, where the parent can look at it.

    Attributes:
        cell: the number, in shared memory.
        charged: CPU seconds of this process that finished blocks were charged with.
    """

    def __init__(self) -> None:
        self.cell = ctypes.c_uint64()
        self.charged = 0.0

    def __call__(self, trials: int) -> None:
        """So many."""
        self.cell.value = trials


FINISHED = Finished()
"""That of this process, if it is a local worker."""


def serve(pipe: Connection, finished: ctypes.c_uint64) -> None:
    """The life of a local worker: build the context, answer requests until the parent hangs up.

    Args:
        pipe: takes the path of the shipment, then functions of a context with their further
            arguments; gives None when the context is ready, then what they return or raise.
        finished: memory shared with the parent, for `FINISHED`.
    """
    FINISHED.cell = finished
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        context = _attempt(_unpack, pipe.recv())
        pipe.send(None if isinstance(context, TrialContext) else context)
        while True:
            function, arguments = pipe.recv()
            pipe.send(_attempt(function, context, *arguments))
    except (EOFError, OSError):
        return  # the parent hung up


def _unpack(shipment: str) -> TrialContext:
    return map_shipment(Path(shipment)).unpack()


def _attempt(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a call, or the exception that it raised, in a form that travels."""
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


def _die_with_parent() -> None:
    """End this process when its parent ends, however that ends: nobody would read the results."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def blocks_in_worker(context: TrialContext, blocks: Sequence[Block]) -> list[BlockResult]:
    """Run blocks in a local worker.

    The first one is charged with the CPU time that the process spent since it last answered: a
    worker takes time to begin, which is part of what a campaign costs.
    """
    first, *others = run_blocks(context, blocks, time.process_time, FINISHED)
    now = time.process_time()
    counted = sum(r.cpu_seconds for r in (first, *others))
    spent, FINISHED.charged = now - FINISHED.charged, now
    return [replace(first, cpu_seconds=first.cpu_seconds + max(0.0, spent - counted)), *others]


def trial_in_worker(context: TrialContext, cell: AnyCell, index: int) -> Outcomes:
    """Run one trial in a local worker, to find the one that kills it."""
    return context.trial(cell, index)


def blocks_on_cluster(name: str, content: bytes, blocks: Sequence[Block]) -> list[BlockResult]:
    """Run blocks on a cluster worker, which keeps the context under the shipment's name.

    Raises:
        ClusterError: this machine's arithmetic differs from that of the golden run.
    """
    benches: dict[str, TrialContext] = _thread.__dict__.setdefault("benches", {})
    if name not in benches:
        benches.clear()  # one campaign at a time: the last one's model need not stay
        context = from_buffer(content).unpack()
        _check_arithmetic(context)
        benches[name] = context
    return run_blocks(benches[name], blocks, time.thread_time)


def _check_arithmetic(context: TrialContext) -> None:
    """Compare the golden answer to one batch with that of the machine where the campaign began."""
    batch, golden = context.batches[0], context.golden[0]
    found = context.executor.run(batch.feeds(context.input_name))
    if isinstance(found, Failure) or not Answer(golden.outputs).same_as(
        Answer(context.judge.golden(found, batch.labels, batch.images).outputs)
    ):
        raise ClusterError(
            "a worker's processor gives other fault-free answers than this machine's; results "
            "would not be comparable"
        )
