"""One quantization: the int8 twin of a float model, compared with the model."""

from dataclasses import dataclass
from typing import ClassVar

import onnx

from analyzer.errors import CannotQuantize, RelcheckError, TooLarge, short
from analyzer.evaluation.calibration import calibration_words
from analyzer.jobs.before_after import Images, check_files, compare_twins, read_images, write_model
from analyzer.jobs.files import write_report
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.report import Report
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.requests.twins import QuantizeRequest
from analyzer.jobs.sources import open_model
from analyzer.model import Model, limits
from analyzer.reports.before_after.quantization import QuantizationReport, quantization_text
from analyzer.reports.formats import RecordKind
from analyzer.reports.tables import Row, quantization_rows
from exporters.hardening.bounds.integer_codes import count_code_bounds
from exporters.quantize.kernels import kernel_counts
from exporters.quantize.ptq import quantize_proto
from exporters.quantize.ranges import Method

NOTE_KEY = "relcheck.quantization"

OLDEST_OPSET = 11
"""Below, ONNX Runtime's quantizer refuses."""


@dataclass(frozen=True, repr=False, kw_only=True)
class QuantizedModel(Report[QuantizationReport]):
    """A quantized model, and what quantization did.

    Attributes:
        model: The quantized model.
    """

    kind: ClassVar[RecordKind | None] = RecordKind.QUANTIZATION

    model: onnx.ModelProto

    def to_text(self) -> str:
        """The report as plain text, 80 columns wide."""
        return quantization_text(self.record)

    def rows(self) -> list[Row]:
        """One row per operator and arithmetic, with the number of nodes."""
        return quantization_rows(self.record)


def quantize_model(request: QuantizeRequest, observer: Observer = SILENT) -> QuantizedModel:
    """Quantize one model, and write what was asked for.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    check_files((request.out, *request.outputs.values()), (request.model, request.data))
    model = open_model(request.model)
    _check(model)
    images = read_images(model, request, observer)
    _check_size(images)
    observer.prepared()
    with observer.suspended():
        twin = _quantized(model, images, request.calibration, request.per_channel)
    if not any(node.op_type == "QuantizeLinear" for node in twin.graph.node):
        raise CannotQuantize(f"{model.path} has no operator that can be quantized")
    weights = "per-channel" if request.per_channel else "per-tensor"
    calibrated = calibration_words(images.data.sha256, len(images.data), images.data.whole)
    note = f"int8 qdq {weights} {request.calibration} {calibrated}"
    twin.metadata_props.add(key=NOTE_KEY, value=note)
    integer, other = kernel_counts(twin)
    record = QuantizationReport(
        calibration=images.source,
        ranges=request.calibration,
        weights=weights,
        integer=integer,
        other=other,
        bounds=count_code_bounds(twin),
        twins=compare_twins(model, twin, request.out, images, observer),
    )
    if request.out:
        write_model(twin, request.out)
    reports = write_report(RecordKind.QUANTIZATION, record, request.outputs)
    written = (*([request.out] if request.out else []), *reports)
    printed = printed_form(request.outputs)
    return QuantizedModel(record=record, model=twin, written=written, printed=printed)


def _check(model: Model) -> None:
    """Refuse what the quantizer would stumble over.

    Raises:
        CannotQuantize: the model is integer already, or of another element type, or too old.
    """
    operators = {node.op_type for node in model.proto.graph.node}
    if operators & {"QuantizeLinear", "QLinearConv", "QLinearMatMul", "DynamicQuantizeLinear"}:
        raise CannotQuantize(f"{model.path} is quantized already; quantize the float model")
    for signature in model.signature.every:
        if not signature.is_integer and signature.dtype != "float32":
            raise CannotQuantize(
                f"{model.path} takes {signature.dtype}; the quantizer takes float32 models"
            )
    if model.opset < OLDEST_OPSET:
        raise CannotQuantize(
            f"{model.path} is written in opset {model.opset}; the quantizer needs "
            f"{OLDEST_OPSET} or later, so convert it first (onnx.version_converter)"
        )


def _check_size(images: Images) -> None:
    """Refuse what the quantizer, which goes through all images several times, could not hold.

    Raises:
        TooLarge: the images take more memory than a data set may.
    """
    if images.data.size > limits.DATA_BYTES:
        raise TooLarge(
            f"{images.source} take {images.data.size:,} bytes once prepared; the quantizer holds "
            f"{limits.DATA_BYTES:,} at most, and some hundred images are enough: use --images"
        )


def _quantized(model: Model, images: Images, method: Method, per_channel: bool) -> onnx.ModelProto:
    batches = [batch.feeds(model.signature.name) for batch in images.batches]
    try:
        return quantize_proto(model.proto, batches, method=method, per_channel=per_channel)
    except (RelcheckError, MemoryError):
        raise
    except Exception as error:  # the quantizer raises errors of many kinds
        reason = short(" ".join(str(error).split()) or type(error).__name__)
        raise CannotQuantize(
            f"ONNX Runtime's quantizer cannot take {model.path}: {reason}"
        ) from error
