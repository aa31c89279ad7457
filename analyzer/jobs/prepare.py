"""From a request to a campaign that is ready to run: fault space, data, executor, golden run."""

from collections.abc import Sequence
from dataclasses import replace

from analyzer.answers import Answer, Failure
from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.coding_loss import coding_loss
from analyzer.campaign.golden_answers import GoldenRun, cache_for
from analyzer.campaign.patterns import PatternSource
from analyzer.campaign.plan import Exposure, Plan
from analyzer.campaign.protected import protected
from analyzer.campaign.trials import TrialContext
from analyzer.errors import GoldenFailed
from analyzer.evaluation.choose import Asked
from analyzer.evaluation.confusions import read_severity_table
from analyzer.evaluation.dataset import AnyBatch, Dataset, make_batches
from analyzer.evaluation.definition import AnswerDefinition
from analyzer.evaluation.golden_remarks import golden_remarks
from analyzer.evaluation.of_model import check_repeatable, define_for_model, few_rows
from analyzer.evaluation.outcome import Judge
from analyzer.evaluation.pixel_figures import figures_of
from analyzer.evaluation.pooled import pooled_remark
from analyzer.evaluation.recipe import changes
from analyzer.evaluation.shown_class import only_shown
from analyzer.faults.protections import Protection
from analyzer.faults.severity import find_severity
from analyzer.faults.site_strata import split_sites
from analyzer.faults.space import FaultSpace
from analyzer.gate import check_metrics
from analyzer.jobs.analysis import HERE, Analysis, Begin, Start, ignore_begin
from analyzer.jobs.data import batch_size, default_batch, find_data
from analyzer.jobs.devices import start_device
from analyzer.jobs.expect import check_expectations
from analyzer.jobs.notes import coupling_of, int8_note, notes_on
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.protected import protect_memory, readable
from analyzer.jobs.requests.campaigns import CampaignRequest, MapRequest, SweepRequest
from analyzer.jobs.sources import open_model
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.memory.trim import return_free_memory
from analyzer.model import Model
from analyzer.runtime.executor import CampaignExecutor
from analyzer.runtime.open import open_executor
from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.golden_model import golden_values

READING = "reading the model"
"""The first step of a preparation, which an observer is told."""


def prepare_sweep(
    request: SweepRequest,
    observer: Observer = SILENT,
    device: Device | None = None,
    begin: Begin = ignore_begin,
    watch: Stopwatch | None = None,
) -> Analysis:
    """Everything that a sweep needs.

    Args:
        request: what is asked for.
        observer: is told how it goes.
        device: where to run, started; None: start the one that the request names.
        begin: see `Begin`.
        watch: the clock whose budget the golden run must not exceed by far.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    device = device or start_device(request.device, observer, request.precise_int8)
    start = Start(device, observer, begin, watch, request.protect)
    observer.preparing(READING)
    return prepare_analysis(open_model(request.model), request, start)


def prepare_map(
    request: MapRequest,
    observer: Observer = SILENT,
    device: Device | None = None,
    begin: Begin = ignore_begin,
    watch: Stopwatch | None = None,
) -> Analysis:
    """Everything that a vulnerability map needs, its fault sites in strata.

    Args:
        request: what is asked for.
        observer: is told how it goes.
        device: where to run, started; None: start the one that the request names.
        begin: see `Begin`.
        watch: the clock whose budget the golden run must not exceed by far.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    device = device or start_device(request.device, observer, request.precise_int8)
    start = Start(device, observer, begin, watch, request.protect)
    observer.preparing(READING)
    analysis = prepare_analysis(open_model(request.model), request, start)
    golden = golden_values(analysis.model, readable(analysis.space, analysis.memory))
    sites = split_sites(analysis.space, golden, analysis.context.plan.fault)
    patterns = replace(analysis.context.patterns, sites=sites)
    return replace(analysis, context=replace(analysis.context, patterns=patterns))


def prepare_analysis(
    model: Model,
    request: CampaignRequest,
    start: Start = HERE,
) -> Analysis:
    """Read the data, open the live session and run the golden pass.

    Args:
        model: the model of the request, or one of its models.
        request: what is asked for.
        start: where to run, and what is told of it.

    Raises:
        BudgetTooSmall: the golden run alone would take far more than the budget.
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    observer, alive = start.observer, start.observer.alive
    rates = _all_rates(request)
    stored = model.space(request.selection, request.encoding)
    observer.preparing("reading the data")
    observer.alive()
    names = model.metadata.labels
    metric, data = only_shown(request.metric, find_data(model, request, observer), names)
    coupling = coupling_of(model, data)
    usual = 1 if coupling else default_batch(model, data, request.exposure)
    size = batch_size(model, request, len(data), usual)
    start.begin(model)
    model = model.filed()
    if model.file is not None:
        return_free_memory()
    batches = make_batches(data, size, request.seed, model.signature.fixed_batch is not None)
    observer.preparing("opening the model in ONNX Runtime")
    memory = protect_memory(model, stored, start.protection)
    space, readers = (memory.space, memory.data) if memory else (stored, stored)
    inner, first = _first_run(model, readers, data, batches, start.device, request)
    executor = protected(inner, memory)
    observer.preparing("finding out how answers are judged")
    asked = _asked(request, model, metric)
    definition = define_for_model(model, data, batches[0], first, executor.run, asked)
    exact = start.device.on_cpu
    check_repeatable(model, batches[0], first, executor.run, definition.watched, exact)
    told = definition.confusions is not None
    further = figures_of(definition, data, names)
    check_metrics(request.conditions, definition.metric.name, critical=told, further=further)
    severity = None
    if rates and request.exposure is Exposure.TRANSIENT:
        observer.preparing("finding the upsets that matter most")
        covered = memory.covered if memory else None
        values = golden_values(model, readers)
        severity = find_severity(space, values, request.fault, covered=covered)
    observer.preparing("running the model without faults")
    observer.alive()
    threads = request.worker_count if executor.threaded and not request.cluster else 1
    run = GoldenRun(Judge(definition), model.signature.name, tuple(batches), first, threads)
    if start.watch is not None:
        runs = len(batches) if request.exposure is Exposure.RESIDENT else 1
        alive = start.watch.golden_run(len(batches), BLOCK_TRIALS * runs)
    golden = run.answers(executor, alive)
    definition = golden.judge.definition
    plan = _plan(model, data, request, rates, definition, size, start.protection)
    pooled = pooled_remark(definition.metric, golden.by_batch, [b.labels for b in batches])
    data = data.remarked(*golden_remarks(definition, golden.by_batch), pooled)
    check_expectations(request.expect, definition.metric.name, golden.metric, len(data))
    context = TrialContext(PatternSource(plan, space, severity), golden, executor, names)
    observer.preparing("looking at how the model runs")
    coding = coding_loss(model, stored, readers, golden, inner, start.device, observer.alive)
    int8 = int8_note(model, batches, golden.judge, start.device)
    notes = notes_on(coupling, executor.layout, size, int8)
    observer.prepared()
    return Analysis(model, space, data, executor, context, start.device, notes, memory, coding)


def _asked(request: CampaignRequest, model: Model, metric: str | None) -> Asked:
    """Wishes of the user about answers.

    Args:
        request: what is asked for.
        model: tells the names of its classes.
        metric: as asked, a class of pixels by its number.

    Raises:
        BadSeverityTable: the table of critical confusions cannot be read.
    """
    table = read_severity_table(request.severity) if request.severity else None
    return Asked(request.task, request.output, metric, table, model.metadata.labels)


def _all_rates(request: CampaignRequest) -> tuple[float, ...]:
    """The rates of the sweep, then those that only gates name, ascending.

    Raises:
        BadOption: nothing can be decided, or not by a share alone.
    """
    swept = request.swept
    return (*swept, *sorted({c.rate for c in request.conditions} - set(swept)))


def _ends_short(batches: Sequence[AnyBatch]) -> bool:
    """True if the last batch has another number of rows than the others."""
    return len(batches[-1].inputs) != len(batches[0].inputs)


def _first_run(
    model: Model,
    space: FaultSpace,
    data: Dataset,
    batches: tuple[AnyBatch, ...],
    device: Device,
    request: CampaignRequest,
) -> tuple[CampaignExecutor, Answer]:
    """The executor, and its answer to the first batch.

    Raises:
        GoldenFailed: the model fails.
    """
    here = cache_for(batches, request.cache if request.inline else 0)
    feeds = batches[0].feeds(model.signature.name)
    others = [batches[-1].feeds(model.signature.name)] if _ends_short(batches) else []
    executor = open_executor(model, space, feeds, device, here, others=others)
    if model.file is not None:
        model.file.leave()
        return_free_memory()
    first = executor.run(feeds)
    if isinstance(first, Failure):
        raise _failing(first, executor, model, data, len(batches[0].inputs))
    return executor, first


def _failing(
    found: Failure, executor: CampaignExecutor, model: Model, data: Dataset, fed: int
) -> GoldenFailed:
    """The refusal of a model that fails; it names a batch of one where that would do.

    Args:
        found: the failure.
        executor: runs the model.
        model: the model.
        data: the data set.
        fed: rows of the batch that fails.
    """
    if model.signature.fixed_batch is None and fed > 1:
        alone = executor.run(few_rows(data, model.signature.name, 1))
        if not isinstance(alone, Failure):
            return GoldenFailed(
                f"the model answers one image, but fails on {fed} together: use --batch 1 "
                f"({found.message})"
            )
    return GoldenFailed(f"the model fails without any fault: {found.message}")


def _plan(
    model: Model,
    data: Dataset,
    request: CampaignRequest,
    rates: tuple[float, ...],
    definition: AnswerDefinition,
    batch: int,
    protection: Protection,
) -> Plan:
    stated = model.metadata.preprocessing
    return Plan(
        model_sha256=model.sha256,
        data_sha256=data.sha256,
        images=len(data),
        rates=rates,
        exposure=request.exposure,
        encoding=request.encoding,
        fault=request.fault,
        selection=request.selection,
        metric=definition.metric.name,
        decision=definition.content,
        batch=batch,
        seed=request.seed,
        precision=request.precision,
        confidence=request.confidence,
        precise_int8=request.precise_int8,
        protection=protection.name,
        preprocessing=changes(stated, request.preprocessing(stated)),
    )
