"""What runs inside a worker process: one bench, kept; blocks come in, results go out."""

import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from analyzer.campaign.blocks import Block, BlockResult, run_blocks
from analyzer.campaign.shipment import from_buffer, map_shipment
from analyzer.campaign.trials import Bench, Cell
from analyzer.evaluation.outcome import Outcomes

_benches: dict[str, Bench] = {}
"""Benches of a local worker process by shipment path: each is built once."""

_thread = threading.local()
"""Benches of a cluster worker by shipment name. A bench mutates its weights, so that each thread
has its own."""


def start_worker(path: str) -> None:
    """Initialize a local worker: Ctrl-C is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _benches[path] = map_shipment(Path(path)).unpack()


def blocks_in_worker(path: str, blocks: Sequence[Block]) -> list[BlockResult]:
    """Run blocks in a local worker."""
    return run_blocks(_benches[path], blocks, time.process_time)


def trial_in_worker(path: str, cell: Cell, index: int) -> Outcomes:
    """Run one trial in a local worker, to find the one that kills it."""
    return _benches[path].trial(cell, index)


def blocks_on_cluster(name: str, content: bytes, blocks: Sequence[Block]) -> list[BlockResult]:
    """Run blocks on a cluster worker, which keeps the bench under the shipment's name."""
    benches: dict[str, Bench] = _thread.__dict__.setdefault("benches", {})
    if name not in benches:
        benches.clear()  # one campaign at a time: the last one's model need not stay
        benches[name] = from_buffer(content).unpack()
    return run_blocks(benches[name], blocks, time.thread_time)
