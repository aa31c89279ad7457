"""What ``relcheck quantize`` does between its arguments and its report."""

from pathlib import Path
from typing import get_args

import onnx

from analyzer.cli.output import write_whole
from analyzer.cli.process.heartbeat import HEARTBEAT
from analyzer.errors import BadOption, CannotQuantize, RelcheckError, TooLarge, short
from analyzer.jobs.before_after import Images, check_files, compare_twins, read_images, write_model
from analyzer.jobs.settings import Settings
from analyzer.model import Model, limits, load_model
from analyzer.reports.before_after.quantization import QuantizationReport
from exporters.hardening.bounds.integer_codes import count_code_bounds
from exporters.quantize.kernels import kernel_counts
from exporters.quantize.ptq import Method, quantize_proto

NOTE_KEY = "relcheck.quantization"

OLDEST_OPSET = 11
"""Below, ONNX Runtime's quantizer refuses."""


def quantize_model(
    path: Path, out: Path, json: Path | None, word: str, per_channel: bool, settings: Settings
) -> QuantizationReport:
    """Quantize one model, and write what was asked for.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    method = _method(word)
    check_files(out, (json,), (path, settings.data))
    model = load_model(path)
    _check(model)
    images = read_images(model, settings)
    _check_size(images)
    HEARTBEAT.prepared()
    with HEARTBEAT.suspended():
        twin = _quantized(model, images, method, per_channel)
    if not any(node.op_type == "QuantizeLinear" for node in twin.graph.node):
        raise CannotQuantize(f"{path} has no operator that can be quantized")
    note = f"int8 qdq {_weights(per_channel)} {method} sha256:{images.data.sha256}"
    twin.metadata_props.add(key=NOTE_KEY, value=f"{note} images:{len(images.data)}")
    integer, other = kernel_counts(twin)
    report = QuantizationReport(
        calibration=images.source,
        ranges=method,
        weights=_weights(per_channel),
        integer=integer,
        other=other,
        bounds=count_code_bounds(twin),
        twins=compare_twins(model, twin, out, images),
    )
    write_model(twin, out)
    if json:
        write_whole(json, report.to_json())
    return report


def _method(word: str) -> Method:
    """The calibration of that name.

    Raises:
        BadOption: there is none.
    """
    for method in get_args(Method):
        if word == method:
            return method  # type: ignore[no-any-return]
    raise BadOption(f"--calibration {word!r} is unknown; use {', '.join(get_args(Method))}")


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
        TooLarge: it is.
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


def _weights(per_channel: bool) -> str:
    return "per-channel" if per_channel else "per-tensor"
