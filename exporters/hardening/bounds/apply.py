"""From a model to its hardened twin: survey, thresholds, bounds, metadata."""

import json
from dataclasses import dataclass
from pathlib import Path

import onnx
import onnx.inliner

from analyzer.errors import AlreadyHardened, NothingToBound, UnsupportedModel, short
from analyzer.graph.index import index_of, standard_opset
from exporters.hardening.activations.node_context import clip_limits
from exporters.hardening.activations.survey import NotApplied, Site, Survey, survey
from exporters.hardening.bounds.insert import SIX, insert_bounds
from exporters.hardening.bounds.thresholds import Calibration, Method, Thresholds, check_thresholds

OLDEST_OPSET = 11
"""First opset in which Clip takes its bounds, and Equal its operands, as tensors of floats."""

PREFIX = "relcheck.hardening."
METHOD_KEY, THRESHOLDS_KEY = f"{PREFIX}method", f"{PREFIX}thresholds"
CALIBRATION_KEY, ORIGIN_KEY = f"{PREFIX}calibration", f"{PREFIX}origin"


@dataclass(frozen=True)
class Subject:
    """A model that can be hardened.

    Attributes:
        proto: The model, local functions expanded.
        method: How its activations will be bounded.
        survey: Its activations.
    """

    proto: onnx.ModelProto
    method: Method
    survey: Survey

    @property
    def sites(self) -> tuple[Site, ...]:
        """The activations that will be bounded."""
        return self.survey.sites


def open_subject(proto: onnx.ModelProto, method: Method, path: Path) -> Subject:
    """Look at a model before anything is computed.

    Args:
        proto: a checked model; it is not changed.
        method: how its activations will be bounded.
        path: what the model is called in messages.

    Raises:
        AlreadyHardened: it carries bounds already.
        UnsupportedModel: its opset is too old.
        NothingToBound: it has no activation that can be bounded.
    """
    done = {p.key: p.value for p in proto.metadata_props}.get(METHOD_KEY)
    if done is not None:
        raise AlreadyHardened(
            f"{path} is hardened already, by method {short(done, 20)}; harden the original model "
            "instead"
        )
    opset = standard_opset(proto)
    if opset < OLDEST_OPSET:
        raise UnsupportedModel(
            f"{path} is written in opset {opset}; bounds need opset {OLDEST_OPSET} or later, so "
            "convert it first (onnx.version_converter)"
        )
    if proto.functions:
        proto = onnx.inliner.inline_local_functions(proto)
    found = survey(proto, method.clamps)
    if method is Method.RELU6:
        found = _without_sixes(proto, found)
    if not found.sites:
        raise NothingToBound(f"{path} has no activation that can be bounded{_reasons(found)}")
    return Subject(proto, method, found)


def _reasons(found: Survey) -> str:
    if not found.left:
        return ": it has none of the operators that relcheck knows as activations"
    first = found.left[0]
    others = f" ({len(found.left) - 1} others likewise)" if len(found.left) > 1 else ""
    return f": {first.kind} {short(repr(first.value), 80)}: {first.reason}{others}"


def _without_sixes(proto: onnx.ModelProto, found: Survey) -> Survey:
    """ReLU6 exports are a Clip already; a second one would do nothing."""
    index = index_of(proto)
    clamped = []
    for site in found.sites:
        node = index.producers[site.value]
        high = clip_limits(node, index)[1]
        if high is not None and high <= SIX:
            clamped.append(NotApplied(site.value, site.kind, f"it clamps at {high:g} already"))
    names = {c.value for c in clamped}
    sites = tuple(s for s in found.sites if s.value not in names)
    return Survey(sites, (*found.left, *clamped))


def harden(
    subject: Subject, thresholds: Thresholds, origin: str, calibration: Calibration | None
) -> onnx.ModelProto:
    """Insert the bounds.

    Args:
        subject: the model; it is not changed.
        thresholds: one for each of its sites.
        origin: SHA-256 of the model's file.
        calibration: where the thresholds come from; None if from no data.

    Returns:
        The hardened model, checked, with `metadata_props` that say how it came about.

    Raises:
        BadThresholds: thresholds and sites differ.
    """
    check_thresholds(thresholds, subject.sites, "the thresholds file")
    proto = onnx.ModelProto()
    proto.CopyFrom(subject.proto)
    insert_bounds(proto, subject.sites, thresholds, subject.method)
    entries = {
        METHOD_KEY: subject.method.value,
        THRESHOLDS_KEY: json.dumps({s.value: _pair(thresholds, s) for s in subject.sites}),
        ORIGIN_KEY: origin,
    }
    if calibration is not None:
        entries[CALIBRATION_KEY] = f"sha256:{calibration.sha256} images:{calibration.images}"
    for key, value in entries.items():
        proto.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(proto)
    return proto


def _pair(thresholds: Thresholds, site: Site) -> list[float | None]:
    threshold = thresholds[site.value]
    return [threshold.low, threshold.high]
