"""From settings to a context: model, fault space, data, executor, golden run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from analyzer.answers import Failure
from analyzer.campaign.plan import Exposure, Plan
from analyzer.campaign.trials import TrialContext, cache_for, prepare_trials
from analyzer.cli.devices import device_of
from analyzer.cli.process.heartbeat import HEARTBEAT
from analyzer.errors import BadMetadata, BadOption, GoldenFailed, quoted
from analyzer.evaluation.dataset import Dataset, make_batches
from analyzer.evaluation.outcome import Golden, Judge, Metric, choose_metric, class_count
from analyzer.evaluation.readers import generate_data, read_data
from analyzer.evaluation.recipe import changes
from analyzer.faults.models import parse_fault
from analyzer.faults.rates import parse_rates
from analyzer.faults.severity import find_severity
from analyzer.faults.space import FaultSpace, Selection
from analyzer.gate import Condition, check_metrics, parse_gate
from analyzer.jobs.expect import check_expectations, parse_expectation
from analyzer.jobs.settings import Settings
from analyzer.memory.trim import return_free_memory
from analyzer.model import (
    Model,
    Preprocessing,
    beside,
    homes_of,
    inside,
    load_model,
    macs_per_image,
    read_preprocessing,
)
from analyzer.runtime.executor import CampaignExecutor
from analyzer.runtime.open import open_executor
from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.golden_model import golden_values

RUN_MACS = 3_000_000
"""Work of one run, in multiply-accumulates, below which the tool's own share of a trial shows.

Patterns vary, images cost: the fewer images share a pattern, the more patterns the same time buys.
"""

LARGEST_BATCH = 32
"""Images per run of the smallest models, and where patterns stay."""


@dataclass(frozen=True)
class Analysis:
    """A campaign ready to run."""

    model: Model
    space: FaultSpace
    data: Dataset
    conditions: tuple[Condition, ...]
    executor: CampaignExecutor
    context: TrialContext
    device: Device

    def rest(self) -> None:
        """Give back memory that is not needed until something is run; nothing is lost."""
        layout = self.executor.layout
        for file in (self.model.file, layout.file if layout else None):
            if file is not None:
                file.leave()
        return_free_memory()


def selection_of(settings: Settings) -> Selection:
    """Which tensors the settings expose."""
    return Selection(settings.include, settings.exclude, settings.kinds)


def find_data(model: Model, settings: Settings) -> Dataset:
    """The data set of a run: given, named by the model, beside it, or generated.

    Raises:
        InputError: it cannot be read or does not fit.
    """
    preprocessing = preprocessing_of(model, settings)
    path = settings.data or data_beside(model)
    if path is None:
        _check_unused(preprocessing, settings)
        data = _generated(model, settings.seed)
        return data.first(settings.images) if settings.images else data
    with HEARTBEAT.suspended():
        return read_data(
            path,
            model.signature,
            preprocessing,
            settings.images,
            seed=settings.seed,
            labels=settings.labels,
            names=model.metadata.labels,
        )


def preprocessing_of(model: Model, settings: Settings) -> Preprocessing:
    """How images become inputs: as flags say, else as the model says, else as is usual.

    Args:
        model: with its metadata.
        settings: with the flags.

    Raises:
        BadMetadata: a value that cannot be understood.
    """
    return read_preprocessing(settings.preprocessing, "option", model.metadata.preprocessing)


def _check_unused(preprocessing: Preprocessing, settings: Settings) -> None:
    """Refuse what is said of a data set where there is none.

    Raises:
        BadOption: a flag has no effect.
    """
    idle = [*preprocessing.flags, *(["labels"] if settings.labels else [])]
    if idle:
        raise BadOption(
            f"--{idle[0]} has no effect: there is no data set, and random inputs are fed as they "
            f"are drawn; give --data, or leave --{idle[0]} out"
        )


def data_beside(model: Model) -> Path | None:
    """The data set that the model's metadata names, or its stem + ``.npz``, if it is there.

    Raises:
        BadMetadata: it lies, or a link in it leads, outside the model's folder.
    """
    if model.metadata.data:
        named = beside(model.path, model.metadata.data)
        if named is None or not _stays_inside(named, model.path):
            raise BadMetadata(
                f"the model's metadata name the data set {quoted(model.metadata.data)}, which is "
                "outside the model's folder; relcheck reads nothing there, give --data"
            )
        if named.exists():
            return named
    twin = model.path.with_suffix(".npz")
    return twin if twin.is_file() else None


def _stays_inside(path: Path, model: Path) -> bool:
    """Whether no link below ``path`` leads out of the folders of a model."""
    links = (p for p in path.rglob("*") if p.is_symlink())
    return all(inside(p.parent, p.name, *homes_of(model)) for p in links)


def _generated(model: Model, seed: int) -> Dataset:
    """Random inputs, with a note that names the data set that is not there."""
    data = generate_data(model.signature, seed, _affordable(model, seed))
    if not model.metadata.data:
        return data
    missing = f"; the data set {quoted(model.metadata.data)} that the model names is not beside it"
    return replace(data, note=data.note + missing)


GENERATED_MACS = 60_000_000_000
"""Work of the golden run on generated inputs: larger models get fewer of them."""

FEWEST_GENERATED, MOST_GENERATED = 16, 64


def _affordable(model: Model, seed: int) -> int:
    """How many inputs to generate: a function of the model's arithmetic."""
    one = generate_data(model.signature, seed, 1)
    macs = macs_per_image(model.proto, model.signature, one.items) or 1
    return max(FEWEST_GENERATED, min(MOST_GENERATED, GENERATED_MACS // macs))


def default_batch(model: Model, data: Dataset, exposure: Exposure) -> int:
    """Images per run if nobody says: a function of the model's arithmetic, not of any clock."""
    if exposure is Exposure.RESIDENT:
        return LARGEST_BATCH
    macs = macs_per_image(model.proto, model.signature, data.items)
    if macs is None:  # a pattern that images share is worth less than one of its own
        return 1
    return min(LARGEST_BATCH, -(-RUN_MACS // macs))


def batch_size(model: Model, settings: Settings, images: int, default: int) -> int:
    """Images per run: what the model fixes, what was asked for, or a default.

    Raises:
        BadOption: ``--batch`` contradicts a batch size that the model fixes.
    """
    fixed = model.signature.fixed_batch
    if fixed and settings.batch and settings.batch != fixed:
        raise BadOption(
            f"--batch {settings.batch} contradicts the model, which fixes batches of {fixed}"
        )
    return fixed or min(settings.batch or default, images)


def _rates(settings: Settings, conditions: Sequence[Condition]) -> tuple[float, ...]:
    """The sweep; until a gate is decided only its own rates, if no others were asked for.

    Raises:
        BadOption: nothing can be decided, or not by a share alone.
    """
    if settings.until == "gate":
        if not conditions:
            raise BadOption("--until gate needs a --gate to decide")
        if settings.shard.count > 1:
            raise BadOption("--until gate judges all trials together; a --shard has but a share")
        if "rates" not in settings.model_fields_set:
            return tuple(sorted({c.rate for c in conditions}))
    return parse_rates(settings.rates)


def _say_unused_labels(data: Dataset, metric: str, settings: Settings) -> Dataset:
    """The data, with a remark where their labels decide nothing and nobody asked for that."""
    if data.labels is None or metric != Metric.AGREEMENT or settings.metric is not None:
        return data
    return data.remarked("labels are not used: the model's first output scores no classes")


def _say_same_answers(data: Dataset, golden: Sequence[Golden]) -> Dataset:
    """The data, with a remark where nothing in it makes a difference to the model."""
    rows = [row for g in golden for row in g.outputs[0][: len(g.right)]]
    first = np.asarray(rows[0])
    if len(rows) < 2 or not all(np.array_equal(np.asarray(row), first) for row in rows):
        return data
    return data.remarked("without faults the model gives the same answer to every input")


def prepare_analysis(
    given: Path | Model, settings: Settings, begin: Callable[[Model], object] = lambda _: None
) -> Analysis:
    """Read everything, open the live session and run the golden pass.

    Args:
        given: the model, or where it is.
        settings: what is asked for.
        begin: called with the model once all input is read, before what takes long.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    fault = parse_fault(settings.fault)
    conditions = tuple(parse_gate(text) for text in settings.gate)
    expected = [parse_expectation(text) for text in settings.expect]
    rates = _rates(settings, conditions)
    extra = sorted({c.rate for c in conditions} - set(rates))
    model = given if isinstance(given, Model) else load_model(given)
    selection = selection_of(settings)
    space = model.space(selection, settings.encoding)
    HEARTBEAT.renew()
    data = find_data(model, settings)
    usual = default_batch(model, data, settings.exposure)
    size = batch_size(model, settings, len(data), usual)
    begin(model)
    model = model.filed()
    if model.file is not None:
        return_free_memory()
    batches = make_batches(data, size, settings.seed, model.signature.fixed_batch is not None)
    name = model.signature.name
    here = cache_for(batches, settings.cache if settings.inline else 0)
    device = device_of(settings.device)
    sample = batches[0].feeds(name)
    executor = open_executor(model, space, sample, device, here)
    if model.file is not None:
        model.file.leave()
        return_free_memory()
    first = executor.run(sample)
    if isinstance(first, Failure):
        raise GoldenFailed(f"the model fails without any fault: {first.message}")
    metric = choose_metric(settings.metric, data, class_count(first))
    check_metrics(conditions, metric)
    data = _say_unused_labels(data, metric, settings)
    plan = Plan(
        model_sha256=model.sha256,
        data_sha256=data.sha256,
        images=len(data),
        rates=(*rates, *extra),
        exposure=settings.exposure,
        encoding=settings.encoding,
        fault=fault,
        selection=selection,
        metric=metric,
        batch=size,
        seed=settings.seed,
        precision=settings.precision,
        confidence=settings.confidence,
        preprocessing=changes(model.metadata.preprocessing, preprocessing_of(model, settings)),
    )
    severity = None
    if settings.exposure is Exposure.TRANSIENT:
        severity = find_severity(space, golden_values(model, space), fault)
    HEARTBEAT.renew()
    judge, alive = Judge(metric), HEARTBEAT.renew
    threads = settings.worker_count if executor.threaded and not settings.cluster else 1
    context = prepare_trials(
        plan, space, severity, executor, judge, name, batches, alive, first, threads
    )
    data = _say_same_answers(data, context.golden)
    check_expectations(expected, metric, context.golden_metric, len(data))
    HEARTBEAT.prepared()
    return Analysis(model, space, data, conditions, executor, context, device)
