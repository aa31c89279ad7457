"""The common ground of mitigations that bound activations: sites, thresholds, nodes, promises.

Members differ in the form of a bound and in where thresholds come from. A member calls `requires`,
then `thresholds_from_order`, then `bounded`; `ensures` checks the result node by node.
"""

import json
from pathlib import Path

from analyzer.errors import BadOption, BadThresholds, NothingToBound, UnsupportedModel, short
from analyzer.evaluation.calibration import calibration_words
from exporters.calibration_data import described
from exporters.hardening.activations.survey import Survey, survey
from exporters.hardening.bounds.calibrate import calibrate
from exporters.hardening.bounds.form import BoundForm
from exporters.hardening.bounds.insert import with_bounds
from exporters.hardening.bounds.thresholds import (
    Calibration,
    ThresholdFile,
    Thresholds,
    check_thresholds,
    read_thresholds,
)
from exporters.hardening.interface import Applied, Change, Order, Resources
from exporters.hardening.metadata import CALIBRATION_KEY, THRESHOLDS_KEY
from exporters.hardening.subject import Subject

OLDEST_OPSET = 11
"""First opset in which Clip takes its bounds, and Equal its operands, as tensors of floats."""


def check_source(name: str, given: frozenset[str]) -> None:
    """Refuse a method that measures activations where neither data nor thresholds are given.

    Args:
        name: word of the mitigation.
        given: names of the options that were given.

    Raises:
        BadOption: nothing is there to measure on.
    """
    if not given & {"data", "thresholds"}:
        raise BadOption(
            f"--method {name} starts from the largest value of each activation; give --data with "
            "images that are not the test split, or --thresholds"
        )


def requires(subject: Subject, form: BoundForm) -> Survey:
    """The activations of a model, at least one of which can be bounded.

    Args:
        subject: the model.
        form: how bounds are written.

    Raises:
        UnsupportedModel: its opset is too old.
        NothingToBound: it has no activation that can be bounded.
    """
    if subject.opset < OLDEST_OPSET:
        raise UnsupportedModel(
            f"{subject.path} is written in opset {subject.opset}; bounds need opset {OLDEST_OPSET} "
            "or later, so convert it first (onnx.version_converter)"
        )
    return with_sites(subject.path, survey(subject.proto, form.clamps, subject.index))


def with_sites(path: Path, found: Survey) -> Survey:
    """The same survey, if it has sites.

    Args:
        path: of the model, for messages.
        found: its activations.

    Raises:
        NothingToBound: it has none; the message says why the first one cannot be bounded.
    """
    if found.sites:
        return found
    reason = ": it has none of the operators that relcheck knows as activations"
    if found.left:
        first, more = found.left[0], len(found.left) - 1
        others = f" ({more} others likewise)" if more else ""
        reason = f": {first.kind} {short(repr(first.value), 80)}: {first.reason}{others}"
    raise NothingToBound(f"{path} has no activation that can be bounded{reason}")


def thresholds_from_order(
    name: str, form: BoundForm, found: Survey, subject: Subject, order: Order, resources: Resources
) -> tuple[ThresholdFile, str]:
    """The thresholds of a file that was given, or else the extremes on the data.

    Args:
        name: word of the mitigation.
        form: how bounds are written.
        found: the activations of the model.
        subject: the model.
        order: names the file, if there is one.
        resources: the data, if there is no file.

    Returns:
        The thresholds, and their source for people.

    Raises:
        BadThresholds: the file belongs to another model.
        BadCalibration: an activation is NaN or infinite somewhere.
        DataMismatch: the model fails on the data.
    """
    path = order.thresholds
    if path is not None:
        kept = read_thresholds(path)
        _check_file(name, form, found, subject, kept, path)
        return kept.model_copy(update={"method": name}), str(path)
    data, batches, first = resources.data, resources.batches, subject.model.signature.name
    if data is None:
        raise BadOption(f"--method {name} measures activations; give --data or --thresholds")
    with resources.count(len(batches), "calibrating") as step:
        fed = (batch.feeds(first) for batch in batches)
        extremes = calibrate(subject.proto, found.sites, form, fed, step)
    calibration = Calibration(
        data=data.name, sha256=data.sha256, images=len(data), whole=data.whole
    )
    kept = threshold_file(name, subject, extremes, calibration)
    return kept, described(data)


def threshold_file(
    name: str, subject: Subject, thresholds: Thresholds, calibration: Calibration | None
) -> ThresholdFile:
    """The record of the thresholds of one model.

    Args:
        name: word of the mitigation.
        subject: the model.
        thresholds: by site.
        calibration: the data that they come from; None: from none.
    """
    return ThresholdFile(
        method=name,
        model_sha256=subject.model.sha256,
        calibration=calibration,
        thresholds=dict(thresholds),
    )


def _check_file(
    name: str,
    form: BoundForm,
    found: Survey,
    subject: Subject,
    kept: ThresholdFile,
    path: Path,
) -> None:
    """Refuse thresholds of other sites, of another model or of another kind of bound."""
    try:
        check_thresholds(kept.thresholds, found.sites, str(path))
    except BadThresholds as error:
        other = survey(subject.proto, not form.clamps, subject.index)
        try:
            check_thresholds(kept.thresholds, other.sites, str(path))
        except BadThresholds:
            raise error from None
        raise BadThresholds(
            f"{path} was made for --method {kept.method}, which bounds other values of this model "
            f"than --method {name} does; give --data instead"
        ) from error


def bounded(
    subject: Subject, form: BoundForm, found: Survey, kept: ThresholdFile, basis: str
) -> Change:
    """Insert the bounds into a copy of the model.

    Args:
        subject: the model.
        form: how a bound is written.
        found: the activations of the model.
        kept: one threshold for each site.
        basis: the source of the thresholds, for people.
    """
    check_thresholds(kept.thresholds, found.sites, "the thresholds file")
    bounds = {site.value: kept.thresholds[site.value] for site in found.sites}
    pairs = {value: [bound.low, bound.high] for value, bound in bounds.items()}
    entries = {THRESHOLDS_KEY: json.dumps(pairs)}
    if kept.calibration is not None:
        about = kept.calibration
        entries[CALIBRATION_KEY] = calibration_words(about.sha256, about.images, about.whole)
    return Change(
        proto=with_bounds(subject.proto, found.sites, bounds, form),
        applied=tuple(
            Applied(s.value, s.kind, str(bounds[s.value]), bounds[s.value]) for s in found.sites
        ),
        left=found.left,
        basis=basis,
        entries=entries,
        thresholds=kept,
    )
