"""From a request to a campaign that is ready to run: fault space, data, executor, golden run."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from analyzer.answers import Answer, Failure
from analyzer.campaign.coding_loss import CodingLoss, coding_loss
from analyzer.campaign.golden_answers import GoldenRun
from analyzer.campaign.patterns import PatternSource
from analyzer.campaign.plan import Exposure, Plan
from analyzer.campaign.protected import protected
from analyzer.campaign.trials import TrialContext
from analyzer.errors import GoldenFailed
from analyzer.evaluation.dataset import Batch, Dataset, make_batches
from analyzer.evaluation.outcome import Judge, choose_metric, class_count
from analyzer.faults.protections import NONE, Protection
from analyzer.faults.protections.protection import ProtectedMemory
from analyzer.faults.severity import find_severity
from analyzer.faults.site_strata import split_sites
from analyzer.faults.space import FaultSpace
from analyzer.gate import check_metrics
from analyzer.jobs.data import batch_size, default_batch, find_data
from analyzer.jobs.devices import start_device
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.protected import protect_memory, readable
from analyzer.jobs.requests.campaigns import CampaignRequest, MapRequest, SweepRequest
from analyzer.jobs.sources import open_model
from analyzer.memory.trim import return_free_memory
from analyzer.model import Model
from analyzer.runtime.executor import CampaignExecutor
from analyzer.runtime.open import open_executor
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.golden_model import golden_values
from analyzer.runtime.partial.golden_cache import Cache

Begin = Callable[[Model], object]
"""Called with the model once all input is read, before the steps that take long."""


def ignore_begin(_model: Model) -> None:
    """Do nothing before the steps that take long."""


@dataclass(frozen=True)
class Analysis:
    """A campaign ready to run.

    Attributes:
        model: The model.
        space: Its bits at risk, check bits of a protection behind the others.
        data: The images.
        executor: Runs the model in this process.
        context: What trials need.
        device: Where trials run.
        memory: The protected memory; None: it is not protected.
        coding: What the encoding of the protection costs without faults; None: nothing is lost.
    """

    model: Model
    space: FaultSpace
    data: Dataset
    executor: CampaignExecutor
    context: TrialContext
    device: Device
    memory: ProtectedMemory | None = None
    coding: CodingLoss | None = None

    def rest(self) -> None:
        """Give back memory that is not needed until a trial is run; nothing is lost."""
        layout = self.executor.layout
        for file in (self.model.file, layout.file if layout else None):
            if file is not None:
                file.leave()
        return_free_memory()


def prepare_sweep(
    request: SweepRequest,
    observer: Observer = SILENT,
    device: Device | None = None,
    begin: Begin = ignore_begin,
) -> Analysis:
    """Everything that a sweep needs.

    Args:
        request: what is asked for.
        observer: is told how it goes.
        device: where to run, started; None: start the one that the request names.
        begin: see `Begin`.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    device = device or start_device(request.device, observer)
    model, protection = open_model(request.model), request.protect
    return prepare_analysis(model, request, device, observer, begin, protection)


def prepare_map(
    request: MapRequest,
    observer: Observer = SILENT,
    device: Device | None = None,
    begin: Begin = ignore_begin,
) -> Analysis:
    """Everything that a vulnerability map needs, its fault sites in strata.

    Args:
        request: what is asked for.
        observer: is told how it goes.
        device: where to run, started; None: start the one that the request names.
        begin: see `Begin`.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    device = device or start_device(request.device, observer)
    model, protection = open_model(request.model), request.protect
    analysis = prepare_analysis(model, request, device, observer, begin, protection)
    golden = golden_values(analysis.model, readable(analysis.space, analysis.memory))
    sites = split_sites(analysis.space, golden, analysis.context.plan.fault)
    patterns = replace(analysis.context.patterns, sites=sites)
    return replace(analysis, context=replace(analysis.context, patterns=patterns))


def prepare_analysis(
    model: Model,
    request: CampaignRequest,
    device: Device = CPU,
    observer: Observer = SILENT,
    begin: Begin = ignore_begin,
    protection: Protection = NONE,
) -> Analysis:
    """Read the data, open the live session and run the golden pass.

    Args:
        model: the model of the request, or one of its models.
        request: what is asked for.
        device: where to run, started.
        observer: is told how it goes.
        begin: see `Begin`.
        protection: of the memory.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    rates = _all_rates(request)
    stored = model.space(request.selection, request.encoding)
    observer.alive()
    data = find_data(model, request, observer)
    usual = default_batch(model, data, request.exposure)
    size = batch_size(model, request, len(data), usual)
    begin(model)
    model = model.filed()
    if model.file is not None:
        return_free_memory()
    batches = make_batches(data, size, request.seed, model.signature.fixed_batch is not None)
    memory = protect_memory(model, stored, protection)
    space, readers = (memory.space, memory.data) if memory else (stored, stored)
    inner, first = _first_run(model, readers, batches, device, request)
    executor = protected(inner, memory)
    metric = choose_metric(request.metric, data, class_count(first))
    check_metrics(request.conditions, metric.name)
    plan = _plan(model, data, request, rates, metric.name, size, protection)
    severity = None
    if rates and request.exposure is Exposure.TRANSIENT:
        covered = memory.covered if memory else None
        values = golden_values(model, readers)
        severity = find_severity(space, values, request.fault, covered=covered)
    observer.alive()
    threads = request.worker_count if executor.threaded and not request.cluster else 1
    run = GoldenRun(Judge(metric), model.signature.name, tuple(batches), first, threads)
    golden = run.answers(executor, observer.alive)
    context = TrialContext(PatternSource(plan, space, severity), golden, executor)
    coding = coding_loss(model, stored, readers, golden, device, observer.alive)
    observer.prepared()
    return Analysis(model, space, data, executor, context, device, memory, coding)


def _all_rates(request: CampaignRequest) -> tuple[float, ...]:
    """The rates of the sweep, then those that only gates name, ascending.

    Raises:
        BadOption: nothing can be decided, or not by a share alone.
    """
    swept = request.swept
    return (*swept, *sorted({c.rate for c in request.conditions} - set(swept)))


def _first_run(
    model: Model,
    space: FaultSpace,
    batches: tuple[Batch, ...],
    device: Device,
    request: CampaignRequest,
) -> tuple[CampaignExecutor, Answer]:
    """The executor, and its answer to the first batch.

    Raises:
        GoldenFailed: the model fails.
    """
    here = Cache(request.cache if request.inline else 0, len(batches))
    feeds = batches[0].feeds(model.signature.name)
    executor = open_executor(model, space, feeds, device, here)
    if model.file is not None:
        model.file.leave()
        return_free_memory()
    first = executor.run(feeds)
    if isinstance(first, Failure):
        raise GoldenFailed(f"the model fails without any fault: {first.message}")
    return executor, first


def _plan(
    model: Model,
    data: Dataset,
    request: CampaignRequest,
    rates: tuple[float, ...],
    metric: str,
    batch: int,
    protection: Protection,
) -> Plan:
    return Plan(
        model_sha256=model.sha256,
        data_sha256=data.sha256,
        images=len(data),
        rates=rates,
        exposure=request.exposure,
        encoding=request.encoding,
        fault=request.fault,
        selection=request.selection,
        metric=metric,
        batch=batch,
        seed=request.seed,
        precision=request.precision,
        confidence=request.confidence,
        protection=protection.name,
    )
