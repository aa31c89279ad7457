"""The Python API: most jobs as functions; keywords are the flags of their commands.

A keyword that is None, or left out, has the default of the flag, but for ``journal``: a program
keeps nothing on disk unless it asks for it. Messages of errors name keywords as flags: ``--rates``.

Worker processes import nothing of the calling program. So a script needs no ``if __name__ ==
"__main__":``, and a notebook or an interactive session may use them as well. A process that a fault
pattern kills is a worker, and the pattern counts as a detected error; with ``jobs=0`` trials run in
the calling process, which such a pattern would end.
"""

from collections.abc import Sequence
from typing import Unpack

from analyzer.jobs.calls import request_from, with_label
from analyzer.jobs.compare import ComparisonReport, compare_models
from analyzer.jobs.harden import HardenedModel, harden_model
from analyzer.jobs.inspect import Inspection, inspect_model
from analyzer.jobs.keywords import (
    CompareKeywords,
    HardenKeywords,
    InspectKeywords,
    MapKeywords,
    QuantizeKeywords,
    SelfTestKeywords,
)
from analyzer.jobs.map import VulnerabilityReport, make_map
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.quantize import QuantizedModel, quantize_model
from analyzer.jobs.requests.campaigns import MapRequest
from analyzer.jobs.requests.checks import InspectRequest, SelfTestRequest
from analyzer.jobs.requests.comparison import ComparisonRequest
from analyzer.jobs.requests.twins import HardenRequest, QuantizeRequest
from analyzer.jobs.selftest import SelfTestReport, check_engine
from analyzer.jobs.signatures import takes
from analyzer.jobs.sources import ModelLike, model_source


@takes(MapKeywords)
def vulnerability_map(
    model: ModelLike, *, observer: Observer = SILENT, **options: Unpack[MapKeywords]
) -> VulnerabilityReport:
    """Map where one upset does harm: per tensor, kind and bit position.

    Args:
        model: path of an ONNX file, the bytes of one, or an `onnx.ModelProto`.
        observer: is told how it goes.
        options: keywords of `run` but for ``rates``, ``exposure``, ``precision``, ``gate`` and
            ``until``; and these.

            - ``margin``: half the width of a tensor's intervals when the tensor is done.
            - ``exhaustive``: whether every upset is to meet every image.
            - ``csv``: file for a line per tensor.

    Returns:
        The map; one row per tensor.

    Raises:
        RelcheckError: whatever is wrong with the options, the model or the data.

    >>> import analyzer
    >>> found = vulnerability_map(
    ...     analyzer.demonstration_model(), kinds="bias", margin=0.3, images=32, jobs=0
    ... )
    >>> sum(row["bits"] for row in found.rows())
    11072
    """
    sources = {"model": model_source(model), "command": "analyzer.vulnerability_map"}
    found = make_map(request_from(MapRequest, MapKeywords, options, **sources), observer)
    assert isinstance(found, VulnerabilityReport), "no share of a map was asked for"
    return found


@takes(CompareKeywords)
def compare(
    models: Sequence[ModelLike], *, observer: Observer = SILENT, **options: Unpack[CompareKeywords]
) -> ComparisonReport:
    """Compare models on the same images under the same faults.

    Args:
        models: two or more, each as `run` takes it, the first is the reference; or one, and
            ``protect``.
        observer: is told how it goes.
        options: keywords of `run`. ``journal`` is a folder here.
            ``gate``: a condition on the difference from the first model, like
            ``"top1 >= A - 0.01 @ 1e-6"``, or on a model's own figure; or several.
            ``protect``: a protection for all models, or one for each; of a single model: the
            protections that are compared with none.

    Returns:
        The comparison; one row per model and rate.

    Raises:
        RelcheckError: whatever is wrong with the options, a model or the data.
        NotComparable: models that answer different questions.

    >>> import analyzer
    >>> reference = analyzer.demonstration_model()
    >>> int8 = reference.with_name("digits_resnet_int8.onnx")
    >>> found = compare([reference, int8], rates=1e-5, precision=0.2, images=32, jobs=0)
    >>> [model.model.path for model in found.record.models]
    ['digits_resnet.onnx', 'digits_resnet_int8.onnx']
    """
    named = [with_label(model_source(m), number) for number, m in enumerate(models, 1)]
    sources = {"models": named, "command": "analyzer.compare"}
    return compare_models(
        request_from(ComparisonRequest, CompareKeywords, options, **sources), observer
    )


@takes(HardenKeywords)
def harden(
    model: ModelLike,
    method: str,
    *,
    observer: Observer = SILENT,
    **options: Unpack[HardenKeywords],
) -> HardenedModel:
    """Bound the activations of a model, so that faults cannot blow them up.

    Args:
        model: path of an ONNX file, the bytes of one, or an `onnx.ModelProto`.
        method: ``relu6``, ``ranger``, ``actmax`` or ``clipact``.
        observer: is told how it goes.
        options: keywords, each optional.

            - ``data``, ``images``, ``batch`` and preprocessing: as of `run`; images for
              calibration, not the test split.
            - ``out``: file for the hardened model, which is returned in any case.
            - ``thresholds``: file of bounds to use. ``save_thresholds``: file for the bounds.
            - ``json``: file for the report.
            - ``rates``, ``iterations``, ``patterns``, ``seed``, ``encoding``, ``metric``,
              ``budget``, ``cache``, ``state``: of the search by ``clipact``.

    Returns:
        The hardened model (``.model``), and what was bounded and what that costs.

    Raises:
        RelcheckError: whatever is wrong with the options, the model or the data.

    >>> import analyzer
    >>> hardened = harden(analyzer.demonstration_model(), "relu6", images=32)
    >>> len(hardened.record.sites)
    7
    """
    sources = {"model": model_source(model), "method": method, "command": "analyzer.harden"}
    return harden_model(request_from(HardenRequest, HardenKeywords, options, **sources), observer)


@takes(QuantizeKeywords)
def quantize(
    model: ModelLike, *, observer: Observer = SILENT, **options: Unpack[QuantizeKeywords]
) -> QuantizedModel:
    """Quantize a float32 model to int8 (QDQ), by ONNX Runtime's quantizer.

    Args:
        model: path of an ONNX file, the bytes of one, or an `onnx.ModelProto`.
        observer: is told how it goes.
        options: keywords, each optional.

            - ``data``, ``images``, ``batch`` and preprocessing: as of `run`; images for
              calibration, not the test split.
            - ``out``: file for the quantized model, which is returned in any case.
            - ``calibration``: ``"histogram"`` (the default), ``"minmax"``, ``"entropy"`` or
              ``"percentile"``. ``per_channel``: a scale of weights per output channel.
            - ``json``: file for the report.

    Returns:
        The quantized model (``.model``), and the kernels that run.

    Raises:
        RelcheckError: whatever is wrong with the options, the model or the data.

    >>> import analyzer
    >>> quantized = quantize(analyzer.demonstration_model(), images=32, calibration="minmax")
    >>> quantized.record.weights
    'per-channel'
    """
    sources = {"model": model_source(model), "command": "analyzer.quantize"}
    return quantize_model(
        request_from(QuantizeRequest, QuantizeKeywords, options, **sources), observer
    )


@takes(InspectKeywords)
def inspect(
    model: ModelLike, *, observer: Observer = SILENT, **options: Unpack[InspectKeywords]
) -> Inspection:
    """Show the fault space: tensors, kinds, types, bits, routes; what is out of scope and why.

    Args:
        model: path of an ONNX file, the bytes of one, or an `onnx.ModelProto`.
        observer: is told how it goes.
        options: ``encoding``, ``include``, ``exclude``, ``kinds``, ``device``, ``precise_int8``
            and ``data``, as of `run`; ``sort``, ``top``: order and number; ``json``: file to write.

    Returns:
        The fault space; one row per stored tensor.

    Raises:
        RelcheckError: whatever is wrong with the options, the model or the data.

    >>> import analyzer
    >>> inspect(analyzer.demonstration_model(), kinds="weight").bits
    2466304
    """
    sources = {"model": model_source(model), "command": "analyzer.inspect"}
    return inspect_model(
        request_from(InspectRequest, InspectKeywords, options, **sources), observer
    )


@takes(SelfTestKeywords)
def selftest(
    model: ModelLike | None = None,
    *,
    observer: Observer = SILENT,
    **options: Unpack[SelfTestKeywords],
) -> SelfTestReport:
    """Ask for known answers; compare live weights with the edited file, bit for bit.

    Args:
        model: as `run` takes it; None: the demonstration model.
        observer: is told how it goes.
        options: ``patterns`` (number of fault patterns), ``known_answers_only``; ``encoding``,
            ``fault``, ``data``, ``batch``, ``device``, ``precise_int8`` and ``seed``, as of `run`.

    Returns:
        The answers, and whether the engines agree; ``passed`` says both.

    Raises:
        RelcheckError: whatever is wrong with the options, the model or the data.

    >>> selftest(patterns=4).passed
    True
    """
    source = None if model is None else model_source(model)
    sources = {"model": source, "command": "analyzer.selftest"}
    return check_engine(
        request_from(SelfTestRequest, SelfTestKeywords, options, **sources), observer
    )
