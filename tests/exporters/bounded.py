"""Hardened models for tests: by a mitigation of the family, or with bounds given by hand."""

import tempfile
from pathlib import Path

import numpy as np
import onnx

from analyzer.evaluation.dataset import Batch, DataKind, Dataset
from analyzer.model import Model, load_model
from exporters.hardening.activations.survey import survey
from exporters.hardening.bounds.calibrate import calibrate
from exporters.hardening.bounds.clipping import CLIPPING
from exporters.hardening.bounds.form import BoundForm
from exporters.hardening.bounds.insert import with_bounds
from exporters.hardening.bounds.thresholds import Threshold
from exporters.hardening.harden import harden
from exporters.hardening.interface import Change, Mitigation, Resources
from exporters.hardening.mitigations.actmax import ACTMAX
from exporters.hardening.subject import Subject, inlined, open_subject
from tests.exporters.nets import Array
from tests.support import save


def model_of(proto: onnx.ModelProto) -> Model:
    """The model as relcheck loads it."""
    with tempfile.TemporaryDirectory() as folder:
        return load_model(save(proto, Path(folder, "net.onnx")))


def subject_of(proto: onnx.ModelProto) -> Subject:
    return open_subject(model_of(proto))


def resources_of(*batches: Array) -> Resources:
    """Calibration data, fed as they are given."""
    if not batches:
        return Resources()
    data = Dataset(DataKind.NPZ, "rows", np.concatenate(batches), None, "2" * 64)
    return Resources(data, tuple(Batch(batch, None, len(batch)) for batch in batches))


def changed_on(proto: onnx.ModelProto, *batches: Array, mitigation: Mitigation = ACTMAX) -> Change:
    """All that a mitigation makes of a model and data, its conditions checked."""
    return harden(subject_of(proto), mitigation, resources=resources_of(*batches))


def hardened_on(
    proto: onnx.ModelProto, *batches: Array, mitigation: Mitigation = ACTMAX
) -> onnx.ModelProto:
    return changed_on(proto, *batches, mitigation=mitigation).proto


def thresholds_of(
    proto: onnx.ModelProto, *batches: Array, form: BoundForm = CLIPPING
) -> dict[str, Threshold]:
    """The extremes of every activation on some batches."""
    sites = survey(proto, form.clamps).sites
    name = proto.graph.input[0].name
    return calibrate(proto, sites, form, [{name: batch} for batch in batches])


def bounded_by(
    proto: onnx.ModelProto, high: float, low: float | None = None, form: BoundForm = CLIPPING
) -> onnx.ModelProto:
    """The model with one threshold for every site."""
    proto = inlined(proto)
    sites = survey(proto, form.clamps).sites
    bounds = {site.value: Threshold(low=low, high=high) for site in sites}
    return with_bounds(proto, sites, bounds, form)
