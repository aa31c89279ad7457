"""Hardening: the work of ``relcheck harden`` between its request and its report."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import onnx

from analyzer.answers import Answer, Result
from analyzer.evaluation.dataset import Dataset, make_batches
from analyzer.jobs.before_after import Images, check_files, compare_twins, read_images, write_model
from analyzer.jobs.files import write_report, write_whole
from analyzer.jobs.observer import SILENT, CountStage, Observer
from analyzer.jobs.report import Report, Status
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.requests.twins import HardenRequest
from analyzer.jobs.sources import open_model
from analyzer.jobs.threshold_search import search_part, search_request
from analyzer.model import Model
from analyzer.reports.before_after.hardening import (
    BoundPart,
    ChangePart,
    ExclusionPart,
    HardeningReport,
    hardening_text,
)
from analyzer.reports.before_after.record import BeforeAfterPart
from analyzer.reports.formats import RecordKind
from analyzer.reports.tables import Row, hardening_rows
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.hardening.harden import harden
from exporters.hardening.interface import Applied, Change, Order, Resources
from exporters.hardening.mitigations import find_mitigation
from exporters.hardening.subject import open_subject

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
    mitigation = find_mitigation(request.method)
    state_file = request.state_file if request.searches else None
    targets = (request.out, request.save_thresholds, *request.outputs.values(), state_file)
    check_files(targets, (request.model, request.thresholds, request.data))
    model = open_model(request.model)
    subject = open_subject(model)
    mitigation.requires(subject)  # before any data are read
    images = read_images(model, request, observer)
    search = search_request(request) if request.searches else None
    order = Order(request.thresholds, search, state_file, request.budget)
    change = harden(subject, mitigation, order, resources_of(images, observer))
    equal = _equal(model, change.proto, images.data.first(COMPARED))
    twins = compare_twins(model, change.proto, request.out, images, observer)
    record = _record(mitigation.name, change, twins, (min(COMPARED, len(images.data)), equal))
    written = _write(request, change, record)
    for path in change.obsolete:
        path.unlink(missing_ok=True)
    return HardenedModel(
        record=record,
        model=change.proto,
        written=tuple(written),
        printed=printed_form(request.outputs),
    )


def resources_of(images: Images, observer: Observer) -> Resources:
    """The means that a mitigation works with.

    Args:
        images: on which it measures.
        observer: is told how it goes.
    """

    @contextmanager
    def count(total: int, label: str) -> Iterator[Callable[[int], object]]:
        observer.prepared()
        with observer.stage(CountStage(total, label)):
            yield observer.step

    return Resources(
        data=images.data,
        batches=images.batches,
        count=count,
        alive=observer.alive,
        say=observer.message,
        write=write_whole,
        cpu_seconds=time.process_time,
    )


def _record(
    method: str, change: Change, twins: BeforeAfterPart, equal: tuple[int, int]
) -> HardeningReport:
    return HardeningReport(
        method=method,
        calibration=change.basis,
        sites=tuple(_site(place) for place in change.applied if place.bound is not None),
        not_applied=tuple(
            ExclusionPart(value=n.value, kind=n.kind, reason=n.reason) for n in change.left
        ),
        twins=twins,
        compared=equal[0],
        equal=equal[1],
        search=None if change.search is None else search_part(change.search),
        changes=tuple(
            ChangePart(value=place.value, kind=place.kind, change=place.change)
            for place in change.applied
            if place.bound is None
        ),
    )


def _site(place: Applied) -> BoundPart:
    assert place.bound is not None
    return BoundPart(
        value=place.value,
        kind=place.kind,
        side="one-sided" if place.bound.low is None else "two-sided",
        low=place.bound.low,
        high=place.bound.high,
    )


def _write(request: HardenRequest, change: Change, record: HardeningReport) -> list[Path]:
    """Write bounds, model and report, as far as they were asked for."""
    written: list[Path] = []
    if request.save_thresholds and change.thresholds:
        write_whole(request.save_thresholds, change.thresholds.to_json())
        written.append(request.save_thresholds)
    if request.out:
        write_model(change.proto, request.out)
        written.append(request.out)
    return written + write_report(RecordKind.HARDENING, record, request.outputs)


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
