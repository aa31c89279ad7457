"""What ``relcheck harden`` does between its arguments and its report."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from analyzer.answers import Answer, Result
from analyzer.cli.output import write_whole
from analyzer.cli.process.heartbeat import HEARTBEAT
from analyzer.cli.progress import show_count
from analyzer.errors import BadOption, BadThresholds
from analyzer.evaluation.dataset import Dataset, make_batches
from analyzer.jobs.before_after import Images, check_files, compare_twins, read_images, write_model
from analyzer.jobs.settings import Settings
from analyzer.jobs.threshold_search import SearchOptions, search_thresholds
from analyzer.model import Model, load_model
from analyzer.reports.before_after.hardening import BoundPart, ExclusionPart, HardeningReport
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.hardening.bounds.apply import Subject, harden, open_subject
from exporters.hardening.bounds.calibrate import calibrate
from exporters.hardening.bounds.insert import relu6_thresholds
from exporters.hardening.bounds.thresholds import (
    Calibration,
    Method,
    ThresholdFile,
    check_thresholds,
    read_thresholds,
)

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
    method = _method(word, files.thresholds, settings.data)
    searched = method is Method.CLIPACT and files.thresholds is None
    state_file = options.state_file(files.out)
    if not searched:
        options.check_unused(method)
    targets = (files.save_thresholds, files.json, state_file if searched else None)
    check_files(files.out, targets, (files.model, files.thresholds, settings.data))
    model = load_model(files.model)
    subject = open_subject(model.proto, method, files.model)
    images = read_images(model, settings)
    kept, search = _thresholds(files, subject, model, images), None
    if searched:
        found = search_thresholds(
            model, subject, images.data, kept.thresholds, settings, options, state_file
        )
        kept, search = kept.model_copy(update={"thresholds": found.thresholds}), found.part
    hardened = harden(subject, kept.thresholds, model.sha256, kept.calibration)
    equal = _equal(model, hardened, images.data.first(COMPARED))
    report = HardeningReport(
        method=method.value,
        calibration=_source(kept, files.thresholds),
        sites=_sites(subject, kept),
        not_applied=tuple(
            ExclusionPart(value=n.value, kind=n.kind, reason=n.reason) for n in subject.survey.left
        ),
        twins=compare_twins(model, hardened, files.out, images),
        compared=min(COMPARED, len(images.data)),
        equal=equal,
        search=search,
    )
    if files.save_thresholds:
        write_whole(files.save_thresholds, kept.to_json())
    write_model(hardened, files.out)
    if files.json:
        write_whole(files.json, report.to_json())
    if search is not None and search.finished:
        state_file.unlink(missing_ok=True)
    return report


def _method(word: str, thresholds: Path | None, data: Path | None) -> Method:
    """The method of that name, if it has what it needs.

    Raises:
        BadOption: there is none, or it lacks data or thresholds.
    """
    if word not in set(Method):
        raise BadOption(f"--method {word!r} is unknown; use {', '.join(Method)}")
    method = Method(word)
    if method is Method.RELU6 and thresholds:
        raise BadOption("--method relu6 clamps at 6; leave --thresholds out")
    if method is not Method.RELU6 and not (thresholds or data):
        raise BadOption(
            f"--method {method} starts from the largest value of each activation; give --data with "
            "images that are not the test split, or --thresholds"
        )
    return method


def _thresholds(files: Files, subject: Subject, model: Model, images: Images) -> ThresholdFile:
    """The bounds: 6, from a file, or measured."""
    if files.thresholds:
        kept = read_thresholds(files.thresholds)
        _check(kept, subject, files.thresholds)
        return kept.model_copy(update={"method": subject.method})
    calibration = None
    if subject.method is Method.RELU6:
        found = relu6_thresholds(subject.sites)
    else:
        data = images.data
        calibration = Calibration(data=data.name, sha256=data.sha256, images=len(data))
        HEARTBEAT.prepared()
        with show_count(len(images.batches), "calibrating") as step:
            fed = (batch.feeds(model.signature.name) for batch in images.batches)
            found = calibrate(subject.proto, subject.sites, subject.method, fed, step)
    return ThresholdFile(
        method=subject.method,
        model_sha256=model.sha256,
        calibration=calibration,
        thresholds=found,
    )


def _check(kept: ThresholdFile, subject: Subject, path: Path) -> None:
    """Refuse thresholds of other sites, whether of another model or of another kind of bound.

    Raises:
        BadThresholds: they are.
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
    """Whether the answers are equal; ONNX Runtime's Where makes a 0 of -0, which is no change."""
    if not (isinstance(old, Answer) and isinstance(new, Answer)):
        return False
    return all(map(np.array_equal, old.outputs, new.outputs))


def _source(kept: ThresholdFile, path: Path | None) -> str:
    if path:
        return str(path)
    if kept.calibration is None:
        return "the method alone"
    return f"{kept.calibration.images:,} images of {kept.calibration.data}"


def _sites(subject: Subject, kept: ThresholdFile) -> tuple[BoundPart, ...]:
    bounds = kept.thresholds
    return tuple(
        BoundPart(
            value=s.value,
            kind=s.kind,
            side=s.side.value,
            low=bounds[s.value].low,
            high=bounds[s.value].high,
        )
        for s in subject.sites
    )
