"""What one event in a part of the memory comes to: a map whose figures are not reported as such."""

from dataclasses import dataclass

from analyzer.campaign.maps.map import VulnerabilityMap
from analyzer.campaign.maps.run import run_map
from analyzer.campaign.maps.task import TensorTask
from analyzer.campaign.workers.processes import WorkerProcesses
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.journals import journal_of
from analyzer.jobs.observer import MapStage, Observer
from analyzer.jobs.pools import NullStore, early_start, open_pool
from analyzer.jobs.prepare import prepare_map
from analyzer.jobs.requests.campaigns import MapRequest
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.runtime.ort.device import Device


@dataclass(frozen=True)
class Measured:
    """One map, and what made it.

    Attributes:
        analysis: The campaign; its executor is released.
        found: The map.
        worker_seconds: CPU time of its workers.
    """

    analysis: Analysis
    found: VulnerabilityMap
    worker_seconds: float


def measure(request: MapRequest, device: Device, observer: Observer) -> Measured:
    """Map one upset.

    Args:
        request: what is asked for.
        device: where to run, started.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    request.check()

    def tell(task: TensorTask) -> None:
        observer.tensor(task.tensor, task.shown, task.share())

    with WorkerProcesses() as crew:
        watch = Stopwatch(request.budget, request.inline, observer.alive)
        analysis = prepare_map(request, observer, device, early_start(crew, request), watch)
        with (
            journal_of(analysis, request, observer) as journal,
            watch.interruptible(),
            open_pool(analysis, request, crew, observer) as pool,
            observer.stage(MapStage(len(analysis.space.tensors))),
        ):
            context, store = analysis.context, journal or NullStore()
            tensors = run_map(context, pool, store, watch, tell, request.exhaustive)
    found = VulnerabilityMap(
        analysis.context.plan, analysis.context.golden.metric, analysis.space, tensors
    )
    return Measured(analysis, found, watch.worker_seconds)
