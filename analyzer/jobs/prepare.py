"""From settings to a context: model, fault space, data, executor, golden run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analyzer.answers import Failure
from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.plan import Exposure, Plan
from analyzer.campaign.trials import TrialContext, prepare_trials
from analyzer.cli.devices import device_of
from analyzer.cli.process.heartbeat import HEARTBEAT
from analyzer.errors import BadMetadata, BadOption, GoldenFailed, quoted
from analyzer.evaluation.dataset import Dataset, make_batches
from analyzer.evaluation.outcome import Judge, choose_metric, class_count
from analyzer.evaluation.readers import generate_data, read_data
from analyzer.faults.models import parse_fault
from analyzer.faults.rates import parse_rates
from analyzer.faults.severity import find_severity
from analyzer.faults.space import FaultSpace, Selection
from analyzer.gate import Condition, check_metrics, parse_gate
from analyzer.jobs.settings import Settings
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.memory.trim import return_free_memory
from analyzer.model import Model, inside, load_model, macs_per_image, read_preprocessing
from analyzer.runtime.executor import CampaignExecutor
from analyzer.runtime.open import open_executor
from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.golden_model import golden_values
from analyzer.runtime.partial.golden_cache import Cache

RUN_MACS = 3_000_000
"""Work of one run, in multiply-accumulates, below which the tool's own share of a trial shows.

Patterns vary, images cost: the fewer images share a pattern, the more patterns the same time buys.
"""

LARGEST_BATCH = 32
"""Images per run of the smallest models, and where the work is unknown or patterns stay."""


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
    preprocessing = read_preprocessing(
        settings.preprocessing, "option", model.metadata.preprocessing
    )
    path = settings.data or data_beside(model)
    if path is None:
        data = _generated(model, settings.seed)
    else:
        with HEARTBEAT.suspended():
            data = read_data(path, model.signature, preprocessing, settings.images)
    return data.first(settings.images) if settings.images else data


def data_beside(model: Model) -> Path | None:
    """The data set that the model's metadata names, or its stem + ``.npz``, if it is there.

    Raises:
        BadMetadata: it lies, or a link in it leads, outside the model's folder.
    """
    folder = model.path.resolve().parent
    if model.metadata.data:
        named = inside(folder, model.metadata.data)
        if named is None or not _stays_inside(named, folder):
            raise BadMetadata(
                f"the model's metadata name the data set {quoted(model.metadata.data)}, which is "
                "outside the model's folder; relcheck reads nothing there, give --data"
            )
        if named.exists():
            return named
    twin = model.path.with_suffix(".npz")
    return twin if twin.is_file() else None


def _stays_inside(path: Path, folder: Path) -> bool:
    """Whether no link below ``path``, a resolved path, leads out of ``folder``."""
    links = (p for p in path.rglob("*") if p.is_symlink())
    return all(inside(folder, str(p.relative_to(folder))) for p in links)


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
    macs = macs_per_image(model.proto, model.signature, data.items)
    if macs is None or exposure is Exposure.RESIDENT:
        return LARGEST_BATCH
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


def prepare_analysis(
    given: Path | Model,
    settings: Settings,
    begin: Callable[[Model], object] = lambda _: None,
    watch: Stopwatch | None = None,
) -> Analysis:
    """Read everything, open the live session and run the golden pass.

    Args:
        given: the model, or where it is.
        settings: what is asked for.
        begin: called with the model once all input is read, before what takes long.
        watch: the clock whose budget the golden pass must not exceed by far.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    fault = parse_fault(settings.fault)
    conditions = tuple(parse_gate(text) for text in settings.gate)
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
    here = Cache(settings.cache if settings.inline else 0, len(batches))
    device = device_of(settings.device)
    executor = open_executor(model, space, batches[0].feeds(name), device, here)
    if model.file is not None:
        model.file.leave()
        return_free_memory()
    first = executor.run(batches[0].feeds(name))
    if isinstance(first, Failure):
        raise GoldenFailed(f"the model fails without any fault: {first.message}")
    metric = choose_metric(settings.metric, data, class_count(first))
    check_metrics(conditions, metric)
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
    )
    severity = None
    if settings.exposure is Exposure.TRANSIENT:
        severity = find_severity(space, golden_values(model, space), fault)
    HEARTBEAT.renew()
    judge, alive = Judge(metric), HEARTBEAT.renew
    if watch is not None:
        runs = len(batches) if settings.exposure is Exposure.RESIDENT else 1
        alive = watch.golden_run(len(batches), BLOCK_TRIALS * runs)
    threads = settings.worker_count if executor.threaded and not settings.cluster else 1
    context = prepare_trials(
        plan, space, severity, executor, judge, name, batches, alive, first, threads
    )
    HEARTBEAT.prepared()
    return Analysis(model, space, data, conditions, executor, context, device)
