"""Keywords of the Python API, by group: the names of flags, with underscores."""

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypedDict

from analyzer.campaign.plan import Exposure
from analyzer.faults.models import FaultModel
from analyzer.faults.space import Kind
from analyzer.gate import Condition
from analyzer.gate.difference import AnyCondition
from analyzer.gate.harm_budget import HarmBudget
from analyzer.gate.map_condition import MapCondition
from analyzer.gate.target import TargetCondition
from analyzer.jobs.sources import DataLike, ModelLike
from analyzer.targets.target import DeploymentTarget

PathLike: TypeAlias = str | os.PathLike[str]


class PreprocessingKeywords(TypedDict, total=False):
    """Steps from images to inputs; by default as the model's metadata say."""

    layout: str | None
    color: str | None
    resize: int | None
    crop: int | None
    scale: float | str | None
    mean: float | Sequence[float] | None
    std: float | Sequence[float] | None


class DataKeywords(PreprocessingKeywords, total=False):
    """Data, and how much of it."""

    data: DataLike | None
    labels: PathLike | None
    masks: PathLike | None
    part: str | None
    images: int | None
    batch: int | None


class SpaceKeywords(TypedDict, total=False):
    """Bits at risk, and the device that runs the model."""

    encoding: str | None
    include: str | Sequence[str] | None
    exclude: str | Sequence[str] | None
    kinds: str | Sequence[str | Kind] | None
    device: str | None
    precise_int8: bool | None


class CampaignKeywords(DataKeywords, SpaceKeywords, total=False):
    """A campaign of trials under faults."""

    metric: str | Callable[..., Any] | None
    task: str | Callable[..., Any] | None
    output: str | None
    expect: str | Sequence[str] | None
    confidence: float | str | None
    budget: float | str | None
    seed: int | None
    jobs: int | None
    cache: int | str | None
    cluster: str | None
    journal: PathLike | None
    config: PathLike | None
    json: PathLike | None
    html: PathLike | None
    csv: PathLike | None
    markdown: PathLike | None
    junit: PathLike | None
    sarif: PathLike | None
    github: PathLike | None
    gitlab: PathLike | None


class RatesKeywords(CampaignKeywords, total=False):
    """A campaign over bit error rates."""

    fault: str | FaultModel | None
    severity: PathLike | None
    rates: str | float | Sequence[float] | None
    exposure: str | Exposure | None
    precision: float | str | None


class CompareKeywords(RatesKeywords, total=False):
    """A comparison of models."""

    protect: str | Sequence[str] | None
    gate: str | AnyCondition | Sequence[str | AnyCondition] | None
    waivers: PathLike | None
    until: str | None


class RunKeywords(RatesKeywords, total=False):
    """A sweep."""

    protocol: str | None
    protect: str | None
    gate: str | Condition | Sequence[str | Condition] | None
    waivers: PathLike | None
    until: str | None


class TargetKeywords(CampaignKeywords, total=False):
    """A report on a deployment target."""

    severity: PathLike | None
    gate: str | TargetCondition | Sequence[str | TargetCondition] | None
    precision: float | str | None
    exhaustive: bool | None


class AnyRunKeywords(RunKeywords, total=False):
    """A sweep, or a report on a deployment target."""

    exhaustive: bool | None


class ProtectKeywords(CampaignKeywords, total=False):
    """A search for the cheapest protection."""

    fault: str | FaultModel | None
    gate: str | HarmBudget | Sequence[str | HarmBudget] | None
    scheme: str | Sequence[str] | None
    rounds: int | None
    bounds: str | Sequence[str] | None
    calibration_data: DataLike | None
    max_loss: float | str | None
    max_latency: float | None
    out: PathLike | None


class MapKeywords(CampaignKeywords, total=False):
    """A vulnerability map."""

    fault: str | FaultModel | None
    severity: PathLike | None
    protect: str | None
    gate: str | MapCondition | Sequence[str | MapCondition] | None
    waivers: PathLike | None
    margin: float | str | None
    exhaustive: bool | None


class ReplayKeywords(DataKeywords, SpaceKeywords, total=False):
    """Patterns that are run again."""

    model: ModelLike | None
    target: PathLike | DeploymentTarget | None
    trial: str | int | None
    faults: PathLike | Sequence[tuple[object, str, int, int]] | None
    faults_out: PathLike | None
    oracle: bool | None
    keep_outputs: bool | None
    fault: str | FaultModel | None
    exposure: str | Exposure | None
    protect: str | None
    metric: str | Callable[..., Any] | None
    task: str | Callable[..., Any] | None
    output: str | None
    expect: str | Sequence[str] | None
    severity: PathLike | None
    seed: int | None
    json: PathLike | None
    csv: PathLike | None
    markdown: PathLike | None
    junit: PathLike | None
    sarif: PathLike | None
    github: PathLike | None
    gitlab: PathLike | None


class ActivationsKeywords(DataKeywords, total=False):
    """A measurement of activations."""

    rates: str | float | Sequence[float] | None
    exposure: str | Exposure | None
    encoding: str | None
    fault: str | FaultModel | None
    include: str | Sequence[str] | None
    exclude: str | Sequence[str] | None
    kinds: str | Sequence[str | Kind] | None
    thresholds: PathLike | None
    labels: PathLike | None
    precision: float | str | None
    confidence: float | str | None
    budget: float | str | None
    seed: int | None
    precise_int8: bool | None
    json: PathLike | None
    html: PathLike | None
    csv: PathLike | None


class SearchKeywords(TypedDict, total=False):
    """The search of bounds by ``clipact``."""

    rates: str | float | Sequence[float] | None
    iterations: int | None
    patterns: int | None
    seed: int | None
    encoding: str | None
    metric: str | None
    budget: float | str | None
    cache: int | str | None
    state: PathLike | None


class HardenKeywords(DataKeywords, SearchKeywords, total=False):
    """A hardening."""

    task: str | Callable[..., Any] | None
    output: str | None
    out: PathLike | None
    thresholds: PathLike | None
    save_thresholds: PathLike | None
    json: PathLike | None


class QuantizeKeywords(DataKeywords, total=False):
    """A quantization."""

    task: str | Callable[..., Any] | None
    output: str | None
    out: PathLike | None
    calibration: str | None
    per_channel: bool | None
    json: PathLike | None


class CheckKeywords(PreprocessingKeywords, total=False):
    """A trial of the usual recipes."""

    data: DataLike | None
    labels: PathLike | None
    masks: PathLike | None
    part: str | None
    images: int | None
    metric: str | Callable[..., Any] | None
    task: str | Callable[..., Any] | None
    output: str | None
    expect: str | Sequence[str] | None
    seed: int | None
    json: PathLike | None


class AnnotateKeywords(PreprocessingKeywords, total=False):
    """Entries of a model's metadata."""

    out: PathLike | None
    labels: str | Sequence[str] | None
    data: PathLike | None


class InspectKeywords(SpaceKeywords, total=False):
    """A look at the fault space."""

    data: DataLike | None
    sort: str | None
    top: int | None
    json: PathLike | None


class SelfTestKeywords(TypedDict, total=False):
    """A self-test."""

    patterns: int | None
    encoding: str | None
    fault: str | FaultModel | None
    data: DataLike | None
    batch: int | None
    device: str | None
    precise_int8: bool | None
    seed: int | None
    known_answers_only: bool | None
