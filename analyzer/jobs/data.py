"""The data set of a job, and how many of its images are run at a time."""

from dataclasses import replace
from pathlib import Path

from analyzer.campaign.plan import Exposure
from analyzer.errors import BadMetadata, BadOption, quoted
from analyzer.evaluation.calibration import say_calibration
from analyzer.evaluation.dataset import Dataset
from analyzer.evaluation.readers import generate_data, read_data
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.open_sizes import with_sizes
from analyzer.jobs.requests.base import DataRequest
from analyzer.model import (
    InputSignature,
    Model,
    Preprocessing,
    beside,
    homes_of,
    inside,
    macs_per_image,
)

RUN_MACS = 3_000_000
"""Work of one run, in multiply-accumulates, below which the tool's own share of a trial shows.

Patterns vary, images cost: the fewer images share a pattern, the more patterns the same time buys.
"""

LARGEST_BATCH = 32
"""Images per run of the smallest models, and where patterns stay."""

GENERATED_MACS = 60_000_000_000
"""Work of the golden run on generated inputs: larger models get fewer of them."""

FEWEST_GENERATED, MOST_GENERATED = 16, 64


def find_data(model: Model, request: DataRequest, observer: Observer = SILENT) -> Dataset:
    """The data set of a job: given, named by the model, beside it, or generated.

    Args:
        model: what the inputs are for.
        request: names the data set, if anything does.
        observer: hears no signs of life while a file is read.

    Raises:
        InputError: the data set cannot be read or does not fit.
    """
    preprocessing = request.preprocessing(model.metadata.preprocessing)
    source = request.data or data_beside(model)
    if source is None:
        _check_unused(preprocessing, request)
        data = _generated(model, request.seed)
        return data.first(request.images) if request.images else data
    with observer.suspended():
        data = read_data(
            source,
            model.signature,
            preprocessing,
            request.images,
            seed=request.seed,
            labels=request.labels,
            masks=request.masks,
            part=request.part,
            names=model.metadata.labels,
        )
    return data.remarked(say_calibration(model.metadata.calibrations, data))


def _check_unused(preprocessing: Preprocessing, request: DataRequest) -> None:
    """Refuse what is said of a data set where there is none.

    Raises:
        BadOption: a flag has no effect.
    """
    said = {"labels": request.labels, "masks": request.masks, "part": request.part}
    idle = [*preprocessing.flags, *(name for name, value in said.items() if value is not None)]
    if idle:
        raise BadOption(
            f"--{idle[0]} has no effect: there is no data set, and random inputs are fed as they "
            f"are drawn; give --data, or leave --{idle[0]} out"
        )


def data_beside(model: Model) -> Path | None:
    """The data set that the model's metadata name, or its stem + ``.npz``, if there is one.

    Raises:
        BadMetadata: the data set lies, or a link in it leads, outside the model's folder.
    """
    if model.in_memory:
        return None
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
    """True if no link below ``path`` leads out of the folders of a model."""
    links = (p for p in path.rglob("*") if p.is_symlink())
    return all(inside(p.parent, p.name, *homes_of(model)) for p in links)


def _generated(model: Model, seed: int) -> Dataset:
    """Random inputs, with a note that names the data set that is not there."""
    signature, sizes = with_sizes(model, seed)
    data = generate_data(signature, seed, _affordable(model, signature, seed)).remarked(sizes)
    if not model.metadata.data:
        return data
    missing = f"; the data set {quoted(model.metadata.data)} that the model names is not beside it"
    return replace(data, note=data.note + missing)


def _affordable(model: Model, signature: InputSignature, seed: int) -> int:
    """Number of inputs to generate: a function of the model's arithmetic."""
    one = generate_data(signature, seed, 1)
    macs = macs_per_image(model.proto, model.signature, one.items) or 1
    return max(FEWEST_GENERATED, min(MOST_GENERATED, GENERATED_MACS // macs))


def default_batch(model: Model, data: Dataset, exposure: Exposure) -> int:
    """Images per run if nobody says: a function of the model's arithmetic, not of any clock.

    Args:
        model: what is run.
        data: on these images.
        exposure: resident patterns meet all images, so that large batches cost nothing.
    """
    if exposure is Exposure.RESIDENT:
        return LARGEST_BATCH
    macs = macs_per_image(model.proto, model.signature, data.items)
    if macs is None:  # a pattern that images share is worth less than one of its own
        return 1
    return min(LARGEST_BATCH, -(-RUN_MACS // macs))


def batch_size(model: Model, request: DataRequest, images: int, default: int) -> int:
    """Images per run: what the model fixes, what was asked for, or a default.

    Args:
        model: it may fix the number.
        request: it may ask for a number.
        images: in the data set; no batch is larger.
        default: where neither says anything.

    Raises:
        BadOption: ``--batch`` contradicts a batch size that the model fixes.
    """
    fixed = model.signature.fixed_batch
    if fixed and request.batch and request.batch != fixed:
        raise BadOption(
            f"--batch {request.batch} contradicts the model, which fixes batches of {fixed}"
        )
    return fixed or min(request.batch or default, images)
