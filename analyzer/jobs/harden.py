"""One hardening: bounds on activations, found or read, put into the model, and compared."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import onnx

from analyzer.answers import Answer, Result
from analyzer.errors import BadThresholds
from analyzer.evaluation.dataset import Dataset, make_batches
from analyzer.jobs.before_after import Images, check_files, compare_twins, read_images, write_model
from analyzer.jobs.files import write_report, write_whole
from analyzer.jobs.observer import SILENT, CountStage, Observer
from analyzer.jobs.report import Report, Status
from analyzer.jobs.requests.twins import HardenRequest
from analyzer.jobs.sources import open_model
from analyzer.jobs.threshold_search import search_thresholds
from analyzer.model import Model
from analyzer.reports.before_after.hardening import (
    BoundPart,
    ExclusionPart,
    HardeningReport,
    hardening_text,
)
from analyzer.reports.before_after.record import BeforeAfterPart
from analyzer.reports.before_after.threshold_search import SearchPart
from analyzer.reports.formats import RecordKind
from analyzer.reports.tables import Row, hardening_rows
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.hardening.bounds.apply import Subject, harden, open_subject
from exporters.hardening.bounds.calibrate import calibrate
from exporters.hardening.bounds.insert import relu6_thresholds
from exporters.hardening.bounds.thresholds import (
    Calibration,
    Method,
    Threshold,
    ThresholdFile,
    check_thresholds,
    read_thresholds,
)

COMPARED = 100
"""Images on which the two models are compared number for number, one by one."""


@dataclass(frozen=True, repr=False, kw_only=True)
class HardenedModel(Report[HardeningReport]):
    """A hardened model, and what hardening did.

    Attributes:
        model: The hardened model.
    """

    kind: ClassVar[RecordKind | None] = RecordKind.HARDENING

    model: onnx.ModelProto

    @property
    def status(self) -> Status:
        """Undecided if a search was cut short before it found all bounds."""
        search = self.record.search
        return Status.OK if search is None or search.finished else Status.UNDECIDED

    def to_text(self) -> str:
        """The report as plain text, 80 columns wide."""
        return hardening_text(self.record)

    def rows(self) -> list[Row]:
        """One row per activation: its bound, or the reason why it has none."""
        return hardening_rows(self.record)


def harden_model(request: HardenRequest, observer: Observer = SILENT) -> HardenedModel:
    """Harden one model, and write what was asked for.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    request.check()
    state_file = request.state_file if request.searches else None
    targets = (request.out, request.save_thresholds, *request.outputs.values(), state_file)
    check_files(targets, (request.model, request.thresholds, request.data))
    model = open_model(request.model)
    subject = open_subject(model.proto, request.method, model.path)
    images = read_images(model, request, observer)
    kept, search = _thresholds(request, subject, model, images, observer)
    hardened = harden(subject, kept.thresholds, model.sha256, kept.calibration)
    equal = _equal(model, hardened, images.data.first(COMPARED))
    twins = compare_twins(model, hardened, request.out, images, observer)
    compared = min(COMPARED, len(images.data))
    record = _record(request, subject, kept, twins, (compared, equal), search)
    written = _write(request, hardened, kept, record)
    if state_file is not None and search is not None and search.finished:
        state_file.unlink(missing_ok=True)
    return HardenedModel(record=record, model=hardened, written=tuple(written))


def _record(
    request: HardenRequest,
    subject: Subject,
    kept: ThresholdFile,
    twins: BeforeAfterPart,
    equal: tuple[int, int],
    search: SearchPart | None,
) -> HardeningReport:
    return HardeningReport(
        method=request.method.value,
        calibration=_source(kept, request.thresholds),
        sites=_sites(subject, kept),
        not_applied=tuple(
            ExclusionPart(value=n.value, kind=n.kind, reason=n.reason) for n in subject.survey.left
        ),
        twins=twins,
        compared=equal[0],
        equal=equal[1],
        search=search,
    )


def _write(
    request: HardenRequest, hardened: onnx.ModelProto, kept: ThresholdFile, record: HardeningReport
) -> list[Path]:
    """Write bounds, model and report, as far as they were asked for."""
    written: list[Path] = []
    if request.save_thresholds:
        write_whole(request.save_thresholds, kept.to_json())
        written.append(request.save_thresholds)
    if request.out:
        write_model(hardened, request.out)
        written.append(request.out)
    return written + write_report(RecordKind.HARDENING, record, request.outputs)


def _thresholds(
    request: HardenRequest, subject: Subject, model: Model, images: Images, observer: Observer
) -> tuple[ThresholdFile, SearchPart | None]:
    """The bounds: 6, from a file, measured, or searched; and how the search went."""
    if request.thresholds:
        kept = read_thresholds(request.thresholds)
        _check(kept, subject, request.thresholds)
        return kept.model_copy(update={"method": subject.method}), None
    if subject.method is Method.RELU6:
        six = relu6_thresholds(subject.sites)
        return _file(subject, model, None, six), None
    kept = _measured(subject, model, images, observer)
    if not request.searches:
        return kept, None
    found = search_thresholds(model, subject, images.data, kept.thresholds, request, observer)
    return kept.model_copy(update={"thresholds": found.thresholds}), found.part


def _measured(subject: Subject, model: Model, images: Images, observer: Observer) -> ThresholdFile:
    """The extremes of every activation on the data."""
    data = images.data
    observer.prepared()
    with observer.stage(CountStage(len(images.batches), "calibrating")):
        fed = (batch.feeds(model.signature.name) for batch in images.batches)
        found = calibrate(subject.proto, subject.sites, subject.method, fed, observer.step)
    source = Calibration(data=data.name, sha256=data.sha256, images=len(data))
    return _file(subject, model, source, found)


def _file(
    subject: Subject,
    model: Model,
    calibration: Calibration | None,
    thresholds: dict[str, Threshold],
) -> ThresholdFile:
    return ThresholdFile(
        method=subject.method,
        model_sha256=model.sha256,
        calibration=calibration,
        thresholds=thresholds,
    )


def _check(kept: ThresholdFile, subject: Subject, path: Path) -> None:
    """Refuse thresholds of other sites, whether of another model or of another kind of bound.

    Raises:
        BadThresholds: such thresholds.
    """
    try:
        check_thresholds(kept.thresholds, subject.sites, str(path))
    except BadThresholds as error:
        if kept.method.clamps is subject.method.clamps:
            raise
        raise BadThresholds(
            f"{path} was made for --method {kept.method}, which bounds other values of this model "
            f"than --method {subject.method} does; give --data instead"
        ) from error


def _equal(model: Model, hardened: onnx.ModelProto, data: Dataset) -> int:
    """Images on which both models, not optimized, answer the same numbers.

    Optimized they may round differently: ONNX Runtime fuses other nodes where bounds stand between.
    """
    sessions = [open_session(p, session_options(optimize=False)) for p in (model.proto, hardened)]
    size, fixed = model.signature.fixed_batch or 1, model.signature.fixed_batch is not None
    same = 0
    for batch in make_batches(data, size, 0, fixed):
        feeds = batch.feeds(model.signature.name)
        old, new = (run_session(session, feeds) for session in sessions)
        same += batch.images * _same_numbers(old, new)
    return same


def _same_numbers(old: Result, new: Result) -> bool:
    """True if the answers are equal; ONNX Runtime's Where makes a 0 of -0, which is no change."""
    if not (isinstance(old, Answer) and isinstance(new, Answer)):
        return False
    return all(map(np.array_equal, old.outputs, new.outputs))


def _source(kept: ThresholdFile, path: Path | None) -> str:
    """The words of a report for where bounds come from."""
    if path:
        return str(path)
    if kept.calibration is None:
        return "the method alone"
    return f"{kept.calibration.images:,} images of {kept.calibration.data}"


def _sites(subject: Subject, kept: ThresholdFile) -> tuple[BoundPart, ...]:
    found = kept.thresholds
    return tuple(
        BoundPart(
            value=s.value,
            kind=s.kind,
            side=s.side.value,
            low=found[s.value].low,
            high=found[s.value].high,
        )
        for s in subject.sites
    )
