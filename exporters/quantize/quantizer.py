"""ONNX Runtime's static quantizer, with the settings that let it fuse the result into int8 kernels.

The quantizer reads and writes files, logs and prints. Here it works in a folder of its own and in
silence, and never meets a name of the model that it would use itself.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from exporters.quantize.own_names import OwnNames, look_alike
from exporters.quantize.ranges import Method, find_ranges
from exporters.quiet import quiet

Feed = Mapping[str, npt.NDArray[Any]]
SILENT = 4
"""Of ONNX Runtime's levels the one that only errors that end a process reach."""

Overrides = Mapping[str, list[dict[str, Any]]]
"""Value -> the quantizer's own record of its range or of its scale and zero point."""


@dataclass(frozen=True)
class Settings:
    """The choices that the quantizer leaves open.

    Attributes:
        per_channel: One weight scale per output channel instead of one per tensor.
        method: How activation ranges follow from the calibration values.
        signed_activations: int8 activations instead of uint8.
        reduce_range: 7-bit weights.
    """

    per_channel: bool = True
    method: Method = "minmax"
    signed_activations: bool = False
    reduce_range: bool = False

    @property
    def activation_dtype(self) -> type[np.int8] | type[np.uint8]:
        """Integer type of activations."""
        return np.int8 if self.signed_activations else np.uint8


def run_quantizer(
    proto: onnx.ModelProto, batches: Sequence[Feed], settings: Settings, overrides: Overrides
) -> onnx.ModelProto:
    """Quantize a model; the result carries the quantizer's notes.

    Args:
        proto: a float32 model, its data within; it is not changed.
        batches: calibration data, by input.
        settings: the choices.
        overrides: ranges that are known beforehand, by value.
    """
    if not look_alike(proto.graph):
        return _run(proto, batches, settings, overrides)
    own = OwnNames(proto.graph)
    hidden_batches = [{own.token(name): v for name, v in batch.items()} for batch in batches]
    hidden_overrides = {own.token(name): found for name, found in overrides.items()}
    result = _run(own.hide(proto), hidden_batches, settings, hidden_overrides)
    own.restore(result)
    return result


def _run(
    proto: onnx.ModelProto, batches: Sequence[Feed], settings: Settings, overrides: Overrides
) -> onnx.ModelProto:
    import onnxruntime

    # The calibrator's sessions log by the default logger, which writes past Python's streams.
    onnxruntime.set_default_logger_severity(SILENT)
    with tempfile.TemporaryDirectory() as scratch, quiet():
        prepared, raw = Path(scratch, "prepared.onnx"), Path(scratch, "raw.onnx")
        _infer_shapes(proto, prepared)
        ranges = _ranges(prepared, settings.method, batches)
        # ONNX Runtime measures minimum and maximum of whatever it is given, and uses neither where
        # a range is known.
        measured = batches[:1] if ranges else batches
        _quantize_file(prepared, raw, _reader(measured), {**ranges, **overrides}, settings)
        return onnx.load(str(raw))


def _infer_shapes(model: onnx.ModelProto, path: Path) -> None:
    """Save the network with inferred shapes, which the quantizer needs.

    The quantizer's own pre-processing also runs the graph optimizer; that would rename nodes and
    is not needed for a network whose BatchNorm is already folded.
    """
    from onnxruntime.quantization.shape_inference import quant_pre_process

    quant_pre_process(model, str(path), skip_optimization=True, skip_symbolic_shape=True)


def _ranges(model: Path, method: Method, batches: Sequence[Feed]) -> dict[str, Any]:
    """Ranges other than min and max, as overrides of the quantizer's own."""
    if method == "minmax":
        return {}
    found = find_ranges(model, method, batches)
    return {
        name: [{"rmin": np.array(low, np.float32), "rmax": np.array(high, np.float32)}]
        for name, (low, high) in found.items()
    }


def _quantize_file(
    source: Path, target: Path, reader: Any, overrides: dict[str, Any], settings: Settings
) -> None:
    """Call the quantizer with the settings that every network here shares."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    quantize_static(
        str(source),
        str(target),
        reader,
        quant_format=QuantFormat.QDQ,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QInt8 if settings.signed_activations else QuantType.QUInt8,
        per_channel=settings.per_channel,
        reduce_range=settings.reduce_range,
        # Integer convolution kernels want a weight zero point of 0. Asymmetric activations spend
        # the whole 8-bit range on the non-negative values behind a Relu.
        extra_options={
            "WeightSymmetric": True,
            "ActivationSymmetric": False,
            "TensorQuantOverrides": overrides,
        },
    )


def _reader(batches: Iterable[Feed]) -> Any:
    """Batches as the data reader that the calibrator expects."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc, unused-ignore]
        """Hands out one batch per call, then None."""

        def __init__(self) -> None:
            self._left = iter(batches)

        def get_next(self) -> Feed | None:
            """The next feed, or None at the end."""
            return next(self._left, None)

    return Reader()
