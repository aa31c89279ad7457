"""Static post-training quantization of an ONNX network to int8 (QDQ format).

A thin wrapper around ``onnxruntime.quantization.quantize_static`` that fixes the choices which
let ONNX Runtime fuse the result into integer kernels, keeps the ``relcheck.*`` metadata, leaves no
temporary file behind and writes the same bytes for the same input. Clipping bounds are taken out
before and put back behind the quantizers (`exporters.hardening.bounds.integer_codes`).
"""

from __future__ import annotations

import io
import logging
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

FloatArray = npt.NDArray[np.float32]
Feed = Mapping[str, npt.NDArray[Any]]
Method = Literal["minmax", "entropy", "percentile", "histogram"]

METADATA_PREFIX = "relcheck."
PRODUCER = "relcheck-exporters"


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
    """Writes the int8 QDQ twin of a float network.

    Weights become symmetric int8, activations asymmetric 8-bit, biases int32.

    Args:
        model: The float32 ONNX file; it must have exactly one input.
        calibration: Batches of preprocessed inputs, each float32 with the shape of the network's
            input, for example (N, C, H, W). Never take them from the test split.
        out: Where the quantized ONNX file goes; an existing file is replaced.
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
    """
    import onnx

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
    """Returns what `quantize` writes.

    Args:
        source: The float32 network, its data within.
        calibration: What is fed, input by input, batch by batch.
        per_channel: Likewise.
        method: Likewise.
        signed_activations: Likewise.
        reduce_range: Likewise.
    """
    import onnx

    from exporters.hardening.bounds.before_quantizer import input_bounds
    from exporters.hardening.bounds.find import find_bounds, without_bounds
    from exporters.hardening.bounds.integer_codes import insert_code_bounds, overrides_for
    from exporters.hardening.bounds.kept_float import as_outputs, before_clips, keep_floats

    batches = list(calibration)
    bounds = find_bounds(source)
    plain = without_bounds(source, bounds) if bounds else source
    floats = before_clips(plain, bounds)
    every = (*bounds, *input_bounds(plain, bounds, batches))
    with tempfile.TemporaryDirectory() as scratch, quiet():
        prepared, raw = Path(scratch, "prepared.onnx"), Path(scratch, "raw.onnx")
        _prepare(as_outputs(plain, floats), prepared)
        overrides = _ranges(prepared, method, batches)
        dtype = np.int8 if signed_activations else np.uint8
        _run_quantizer(
            prepared,
            raw,
            _reader(batches),
            {**overrides, **overrides_for(every, dtype)},
            per_channel=per_channel,
            reduce_range=reduce_range,
            **_type_options(signed=signed_activations),
        )
        quantized = onnx.load(str(raw))
    keep_floats(quantized, floats)
    insert_code_bounds(quantized, every)
    kept = {p.key: p.value for p in source.metadata_props if p.key.startswith(METADATA_PREFIX)}
    return strip(quantized, kept, ir_version=source.ir_version)


def _ranges(model: Path, method: Method, batches: list[Feed]) -> dict[str, list[dict[str, Any]]]:
    """Translates ranges that are not min and max into overrides of the quantizer's own."""
    from exporters.quantize.ranges import find_ranges

    if method == "minmax":
        return {}
    found = find_ranges(model, method, batches)
    return {
        name: [{"rmin": np.array(low, np.float32), "rmax": np.array(high, np.float32)}]
        for name, (low, high) in found.items()
    }


def _only_input(model: onnx.ModelProto) -> str:
    """Returns the name of the network's single input."""
    constants = {tensor.name for tensor in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in constants]
    if len(names) != 1:
        raise ValueError(f"expected a network with one input, found {len(names)}: {names}")
    return str(names[0])


def _prepare(model: onnx.ModelProto, path: Path) -> None:
    """Saves the network with inferred shapes, which the quantizer needs.

    The quantizer's own pre-processing also runs the graph optimizer; that would rename nodes and
    is not needed for a network whose BatchNorm is already folded.
    """
    from onnxruntime.quantization.shape_inference import quant_pre_process

    quant_pre_process(model, str(path), skip_optimization=True, skip_symbolic_shape=True)


def _type_options(*, signed: bool) -> dict[str, Any]:
    """Translates the plain options into the quantizer's enumerations."""
    from onnxruntime.quantization import QuantType

    return {"activation_type": QuantType.QInt8 if signed else QuantType.QUInt8}


def _run_quantizer(
    source: Path, target: Path, reader: Any, overrides: dict[str, Any], **options: Any
) -> None:
    """Calls the quantizer with the settings that every network here shares."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    quantize_static(
        str(source),
        str(target),
        reader,
        quant_format=QuantFormat.QDQ,
        weight_type=QuantType.QInt8,
        # Integer convolution kernels want a weight zero point of 0. Asymmetric activations spend
        # the whole 8-bit range on the non-negative values behind a Relu.
        extra_options={
            "WeightSymmetric": True,
            "ActivationSymmetric": False,
            "TensorQuantOverrides": overrides,
        },
        **options,
    )


def _reader(batches: Iterable[Feed]) -> Any:
    """Wraps batches as the data reader the calibrator expects."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc, unused-ignore]
        """Hands out one batch per call, then None."""

        def __init__(self) -> None:
            self._left = iter(batches)

        def get_next(self) -> Feed | None:
            """Returns the next feed, or None at the end."""
            return next(self._left, None)

    return Reader()


def strip(
    model: onnx.ModelProto, metadata: Mapping[str, str], *, ir_version: int
) -> onnx.ModelProto:
    """Copies what a network consists of and leaves out what tools noted about making it.

    Exporters and quantizers leave stack traces, file names and intermediate shapes, some of
    values that no longer exist.

    Args:
        model: A network without functions or sparse initializers.
        metadata: The result's ``metadata_props``.
        ir_version: The result's IR version.

    Returns:
        The bare network, checked.
    """
    from onnx import NodeProto, ValueInfoProto, checker, helper, numpy_helper

    old = model.graph
    nodes = [
        NodeProto(
            op_type=node.op_type,
            domain=node.domain,
            name=node.name,
            input=node.input,
            output=node.output,
            attribute=sorted(node.attribute, key=attrgetter("name")),
        )
        for node in old.node
    ]
    inputs = [ValueInfoProto(name=value.name, type=value.type) for value in old.input]
    outputs = [ValueInfoProto(name=value.name, type=value.type) for value in old.output]
    tensors = [numpy_helper.from_array(numpy_helper.to_array(t), t.name) for t in old.initializer]
    result = helper.make_model(
        helper.make_graph(nodes, "network", inputs, outputs, tensors),
        opset_imports=list(model.opset_import),
        ir_version=ir_version,
        producer_name=PRODUCER,
    )
    helper.set_model_props(result, dict(metadata))
    checker.check_model(result, full_check=True)
    return result


@contextmanager
def quiet() -> Iterator[None]:
    """Silences what libraries log, warn or print; callers check the result instead."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
        ):
            yield
    finally:
        logging.disable(previous)
