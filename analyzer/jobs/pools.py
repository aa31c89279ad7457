"""The place where trials of a campaign run: this process, worker processes, or a cluster."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from threading import Thread

from analyzer.campaign.runner import Pool
from analyzer.campaign.workers.processes import WorkerProcesses
from analyzer.jobs.analysis import Analysis, Begin
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.requests.campaigns import CampaignRequest
from analyzer.memory.array_file import nameless_file, path_of
from analyzer.memory.shared_arrays import SharedArrays
from analyzer.model import Model
from analyzer.runtime.layout.layout import Layout

SWITCH_SECONDS = 0.0005
"""How long one thread may keep the interpreter while another waits for it: by default ten times as
long, which two workers on small models feel (`benchmarks/scaling.py`)."""

LARGE_MODEL = 10_000_000
"""Bytes of a model whose preparation takes longer than to start a worker."""


class NullStore:
    """A store that keeps nothing: ``--journal none``."""

    def known(self, cell: object) -> tuple[()]:
        """No block of a cell is known."""
        return ()

    def put(self, result: object) -> None:
        """Forget a block."""

    def tick(self) -> None:
        """Nothing is due."""


def early_start(crew: WorkerProcesses, request: CampaignRequest) -> Begin:
    """A callback that starts all worker processes while a large model is prepared.

    Meanwhile a thread of this process imports `scipy.special`, which only estimates need.

    Args:
        crew: takes the workers.
        request: says how many there are.
    """

    def start(model: Model) -> None:
        if model.size < LARGE_MODEL:
            return
        if request.cluster is None and not request.inline:
            crew.start(request.worker_count)
        Thread(target=import_module, args=("scipy.special",), daemon=True).start()

    return start


@contextmanager
def open_pool(
    analysis: Analysis,
    request: CampaignRequest,
    crew: WorkerProcesses | None = None,
    observer: Observer = SILENT,
) -> Iterator[Pool]:
    """The place where blocks run: a cluster, worker processes, or (``--jobs 0``) this process.

    Args:
        analysis: what is run.
        request: says where.
        crew: workers that were started before.
        observer: hears that no signs of life come from a cluster.

    Raises:
        ClusterError: the cluster cannot be reached, or runs other versions.
        UnwritableOutput: there is no room for what workers need.
    """
    from analyzer.campaign.workers.inline_pool import InlinePool
    from analyzer.campaign.workers.local_pool import LocalPool

    if request.inline:
        with InlinePool(analysis.context) as here:
            yield here
        return
    with shipment_of(analysis, request) as shipment, swift_threads():
        analysis.executor.release()
        analysis.rest()
        if request.cluster is None:
            jobs = request.worker_count
            with LocalPool(analysis.context, shipment, jobs, crew) as processes:
                yield processes
            return
        from analyzer.campaign.workers.dask_pool import ClusterPool

        observer.unwatched()  # a cluster may take hours to give this campaign its first worker
        with ClusterPool(request.cluster, analysis.context, shipment, time.monotonic) as cluster:
            yield cluster


@contextmanager
def shipment_of(analysis: Analysis, request: CampaignRequest) -> Iterator[Path]:
    """The needs of a worker as a file without a name, which is gone when this process ends.

    Args:
        analysis: what is run.
        request: says where, and how much memory golden values may take.

    Raises:
        UnwritableOutput: there is no room for the file.
    """
    from analyzer.campaign.workers.payload import WorkerPayload

    context, model, device = analysis.context, analysis.model, analysis.device
    layout, shelf, cache = None, None, request.cache
    if request.cluster is None:
        layout = analysis.executor.layout
        cache, shelf = _cache_of(analysis, layout, request)
    shipment = WorkerPayload.of(context, model, cache, layout, device, shelf)
    files = [model.file, layout.file if layout else None] if request.cluster is None else []
    with ExitStack() as kept:
        if shelf is not None and shelf.stream is not None:
            kept.enter_context(shelf.stream)
        stream = kept.enter_context(nameless_file(shipment.parts([f for f in files if f])))
        yield Path(path_of(stream))


def _cache_of(
    analysis: Analysis, layout: Layout | None, request: CampaignRequest
) -> tuple[int, SharedArrays | None]:
    """Bytes that golden values may take in each worker here, or in what they have in common."""
    from analyzer.campaign.workers.payload import shared_golden_values

    if not analysis.device.on_cpu:
        return request.cache // request.worker_count, None
    cache = request.golden_cache(layout.file.size if layout and layout.file else 0)
    shelf = shared_golden_values(analysis.context, cache) if request.worker_count > 1 else None
    return cache if shelf else cache // request.worker_count, shelf


@contextmanager
def swift_threads() -> Iterator[None]:
    """Hand the interpreter over sooner: a worker waits for the thread that sends it more."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
