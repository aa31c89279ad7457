"""What ``relcheck harden`` does between its arguments and its report."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from analyzer.answers import Answer, Result
from analyzer.cli.output import tell, write_whole
from analyzer.cli.process.heartbeat import HEARTBEAT
from analyzer.cli.progress import show_count
from analyzer.evaluation.dataset import Dataset, make_batches
from analyzer.jobs.before_after import Images, check_files, compare_twins, read_images, write_model
from analyzer.jobs.settings import Settings
from analyzer.jobs.threshold_search import SearchOptions, search_part
from analyzer.model import Model, load_model
from analyzer.reports.before_after.hardening import (
    BoundPart,
    ChangePart,
    ExclusionPart,
    HardeningReport,
)
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.hardening.harden import check_options, harden
from exporters.hardening.interface import Applied, Change, Order, Resources
from exporters.hardening.mitigations import MITIGATIONS, find_mitigation
from exporters.hardening.subject import open_subject

COMPARED = 100
"""Images on which the two models are compared number for number, one by one."""


@dataclass(frozen=True)
class Files:
    """The files of one call: two that may be read, and up to three that are written."""

    model: Path
    out: Path
    thresholds: Path | None = None
    save_thresholds: Path | None = None
    json: Path | None = None


def harden_model(
    files: Files, word: str, settings: Settings, options: SearchOptions
) -> HardeningReport:
    """Harden one model, and write what was asked for.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    mitigation = find_mitigation(word)
    check_options(mitigation, _given(files, settings, options), MITIGATIONS)
    searched = "state" in mitigation.options and files.thresholds is None
    state = options.state_file(files.out) if searched else None
    request = options.request(settings) if searched else None
    targets = (files.save_thresholds, files.json, state)
    check_files(files.out, targets, (files.model, files.thresholds, settings.data))
    model = load_model(files.model)
    subject = open_subject(model)
    mitigation.requires(subject)  # before any data are read
    images = read_images(model, settings)
    order = Order(files.thresholds, request, state, options.budget(settings))
    change = harden(subject, mitigation, order, _resources(images))
    report = _report(mitigation.name, model, change, files.out, images)
    if files.save_thresholds and change.thresholds:
        write_whole(files.save_thresholds, change.thresholds.to_json())
    write_model(change.proto, files.out)
    if files.json:
        write_whole(files.json, report.to_json())
    for path in change.obsolete:
        path.unlink(missing_ok=True)
    return report


def _given(files: Files, settings: Settings, options: SearchOptions) -> frozenset[str]:
    """Names of the options that were given and that not every mitigation takes."""
    paths = {
        "data": settings.data,
        "thresholds": files.thresholds,
        "save-thresholds": files.save_thresholds,
    }
    return frozenset(options.given) | {name for name, path in paths.items() if path}


def _resources(images: Images) -> Resources:
    return Resources(
        data=images.data,
        batches=images.batches,
        count=_count,
        alive=HEARTBEAT.renew,
        say=tell,
        write=write_whole,
        cpu_seconds=time.process_time,
    )


@contextmanager
def _count(total: int, label: str) -> Iterator[Callable[[int], None]]:
    HEARTBEAT.prepared()
    with show_count(total, label) as step:
        yield step


def _report(
    method: str, model: Model, change: Change, out: Path, images: Images
) -> HardeningReport:
    search = None if change.search is None else search_part(change.search)
    return HardeningReport(
        method=method,
        calibration=change.basis,
        sites=tuple(_site(place) for place in change.applied if place.bound is not None),
        not_applied=tuple(
            ExclusionPart(value=n.value, kind=n.kind, reason=n.reason) for n in change.left
        ),
        twins=compare_twins(model, change.proto, out, images),
        compared=min(COMPARED, len(images.data)),
        equal=_equal(model, change.proto, images.data.first(COMPARED)),
        search=search,
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
    """Whether the answers are equal; ONNX Runtime's Where makes a 0 of -0, which is no change."""
    if not (isinstance(old, Answer) and isinstance(new, Answer)):
        return False
    return all(map(np.array_equal, old.outputs, new.outputs))
