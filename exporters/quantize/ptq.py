"""Static post-training quantization of an ONNX network to int8 (QDQ format).

Around ONNX Runtime's quantizer: the model is brought into a form that it takes, clipping bounds are
taken out before and put back behind the quantizers (`exporters.hardening.bounds.integer_codes`),
metadata are kept, no temporary file stays behind, and the same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.answers import Failure
from analyzer.errors import CannotQuantize, UnsupportedModel, short
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.bare_model import strip
from exporters.hardening.bounds.before_quantizer import input_bounds
from exporters.hardening.bounds.find import find_bounds, without_bounds
from exporters.hardening.bounds.integer_codes import insert_code_bounds, overrides_for
from exporters.hardening.bounds.kept_float import as_outputs, before_clips, keep_floats
from exporters.quantize.prepare import prepared
from exporters.quantize.quantizer import Feed, Settings, run_quantizer
from exporters.quantize.ranges import Method

FloatArray = npt.NDArray[np.float32]


def quantize(
    model: Path,
    calibration: Iterable[FloatArray],
    out: Path,
    *,
    per_channel: bool = True,
    method: Method = "minmax",
    signed_activations: bool = False,
    reduce_range: bool = False,
) -> None:
    """Write the int8 QDQ twin of a float network.

    Weights become symmetric int8, activations asymmetric 8-bit, biases int32.

    Args:
        model: The float32 ONNX file; it must have exactly one input.
        calibration: Batches of preprocessed inputs, each float32 with the shape of the network's
            input, for example (N, C, H, W). Never take them from the test split.
        out: The quantized ONNX file; an existing file is replaced.
        per_channel: One weight scale per output channel instead of one per tensor.
        method: How activation ranges follow from the calibration values; see
            `exporters.quantize.ranges`.
        signed_activations: int8 activations instead of uint8. ONNX Runtime on x86-64 turns only
            some of them into integer kernels: where one value feeds two nodes, as in a residual
            network, the convolutions around it stay in floating point.
        reduce_range: 7-bit weights. On x86-64 CPUs without VNNI the integer kernels add pairs of
            uint8 x int8 products in 16 bits, which can saturate with the full range.

    Raises:
        ValueError: If the network does not have exactly one input.
        CannotQuantize: The quantizer cannot take the network.
    """
    source = onnx.load(str(model))
    name = _only_input(source)
    result = quantize_proto(
        source,
        ({name: np.asarray(batch, dtype=np.float32)} for batch in calibration),
        per_channel=per_channel,
        method=method,
        signed_activations=signed_activations,
        reduce_range=reduce_range,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(result.SerializeToString(deterministic=True))


def quantize_proto(
    source: onnx.ModelProto,
    calibration: Iterable[Feed],
    *,
    per_channel: bool = True,
    method: Method = "minmax",
    signed_activations: bool = False,
    reduce_range: bool = False,
) -> onnx.ModelProto:
    """The int8 QDQ twin of a float network in memory, as `quantize` writes it.

    Args:
        source: The float32 network, its data within; it is not changed.
        calibration: Batches, each by input, float32 or integer (n, ...).
        per_channel: As in `quantize`.
        method: As in `quantize`.
        signed_activations: As in `quantize`.
        reduce_range: As in `quantize`.

    Raises:
        CannotQuantize: The quantizer cannot take the network, or its result does not run.
    """
    batches = list(calibration)
    first = batches[0] if batches else None
    settings = Settings(per_channel, method, signed_activations, reduce_range)
    ready = prepared(source, per_channel, first)
    bounds = find_bounds(ready)
    plain = without_bounds(ready, bounds) if bounds else ready
    floats = before_clips(plain, bounds)
    every = (*bounds, *input_bounds(plain, bounds, batches))
    overrides = overrides_for(every, settings.activation_dtype)
    quantized = run_quantizer(as_outputs(plain, floats), batches, settings, overrides)
    keep_floats(quantized, floats)
    insert_code_bounds(quantized, every)
    result = strip(quantized, {}, ir_version=max(source.ir_version, ready.ir_version))
    keep_notes(result, source)
    _check_runs(result, first)
    return result


def keep_notes(result: onnx.ModelProto, source: onnx.ModelProto) -> None:
    """Give a model everything that another one says about itself, in place.

    Args:
        result: changed in place; it has no metadata of its own.
        source: the model that it was made of.
    """
    result.metadata_props.extend(source.metadata_props)
    for field in ("domain", "model_version", "doc_string"):
        if source.HasField(field):  # set to its default, it would take bytes all the same
            setattr(result, field, getattr(source, field))


def _check_runs(model: onnx.ModelProto, feed: Feed | None) -> None:
    """Refuse a result that ONNX Runtime cannot load or run: better here than in deployment.

    Raises:
        CannotQuantize: it cannot.
    """
    try:
        session = open_session(model, session_options())
        result = run_session(session, dict(feed)) if feed is not None else None
    except UnsupportedModel as error:
        raise CannotQuantize(f"the quantized model cannot be loaded: {error}") from error
    if isinstance(result, Failure):
        reason = short(" ".join(result.message.split()))
        raise CannotQuantize(f"the quantized model fails on the calibration data: {reason}")


def _only_input(model: onnx.ModelProto) -> str:
    """The name of the network's single input."""
    constants = {tensor.name for tensor in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in constants]
    if len(names) != 1:
        raise ValueError(f"expected a network with one input, found {len(names)}: {names}")
    return str(names[0])
