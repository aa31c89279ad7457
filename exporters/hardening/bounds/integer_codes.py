"""Bounds within quantized graphs, on the integer codes.

A QuantizeLinear saturates: a value above its range becomes its highest code, and a bound at the end
of the range could not tell that code's own values from those that were cut off. So the range of a
bounded value gets one code more at each bounded end, which stands for "beyond". The bound compares
codes, and the convolution before and the one behind stay integer kernels.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from analyzer.graph.index import Index, index_of, operator
from exporters.hardening.activations.survey import Side
from exporters.hardening.bounds.clipping import CLIPPING, at_most
from exporters.hardening.bounds.find import BoundedSite
from exporters.hardening.bounds.insert import insert_bounds
from exporters.hardening.bounds.surgery import Surgery
from exporters.hardening.bounds.thresholds import Threshold

LEVELS = 256
"""Codes of 8 bits."""

Scalar = npt.NDArray[np.generic]


def reserved_range(threshold: Threshold, dtype: npt.DTypeLike) -> dict[str, Scalar]:
    """Scale and zero point that keep a code for values beyond each bound.

    Args:
        threshold: of the value.
        dtype: int8 or uint8.

    Returns:
        ``scale`` float32 () and ``zero_point`` (): the upper bound gets the last code but one; the
        lower one, where there is one, the second.
    """
    lowest = int(np.iinfo(np.dtype(dtype)).min)
    if threshold.low is None:
        scale, zero = (threshold.high or 1.0) / (LEVELS - 2), lowest
    else:
        low, high = min(threshold.low, 0.0), max(threshold.high, 0.0)
        scale = ((high - low) or 1.0) / (LEVELS - 4)  # both ends may round outwards
        zero = lowest + 1 - round(low / scale)
    return {"scale": np.array(scale, np.float32), "zero_point": np.array(zero, dtype)}


def code_of(value: float, scale: float, zero: int, dtype: npt.DTypeLike) -> Scalar:
    """The code of a number, as QuantizeLinear rounds: to the nearest, ties to even.

    Args:
        value: the number; infinity has the last code.
        scale: difference of two codes, positive.
        zero: code of 0.
        dtype: int8 or uint8.

    Returns:
        The code, () of ``dtype``.

    >>> int(code_of(2.5, 1.0, 10, np.uint8)), int(code_of(1e9, 1.0, 10, np.uint8))
    (12, 255)
    """
    limits = np.iinfo(np.dtype(dtype))
    ratio = np.rint(np.float32(value) / np.float32(scale))
    return np.array(np.clip(ratio + zero, limits.min, limits.max), dtype)


def insert_code_bounds(proto: onnx.ModelProto, bounds: Sequence[BoundedSite]) -> None:
    """Put bounds back into a model that was quantized without them, in place.

    Args:
        proto: changed in place; the ranges of the bounded values are `reserved_range`.
        bounds: the bounds that the model had before it was quantized.
    """
    index = index_of(proto)
    quantized = {b.site.value: _only_quantizer(b.site.value, index) for b in bounds}
    floats = tuple(b for b in bounds if quantized[b.site.value] is None)
    thresholds = {b.site.value: b.threshold for b in floats}
    insert_bounds(proto, tuple(b.site for b in floats), thresholds, CLIPPING)
    surgery = Surgery.on(proto)
    by_code = {
        node.output[0]: bound
        for bound in bounds
        if (node := quantized[bound.site.value]) is not None
    }
    nodes = list(proto.graph.node)
    del proto.graph.node[:]
    for node in nodes:
        proto.graph.node.append(node)
        if node.output and node.output[0] in by_code:
            made = proto.graph.node[-1]
            bound = by_code[node.output[0]]
            proto.graph.node.extend(list(_clipped_codes(surgery, made, bound, index)))


def _only_quantizer(value: str, index: Index) -> onnx.NodeProto | None:
    """The QuantizeLinear that is the one reader of ``value``; None if there are others."""
    node = index.only_reader(value)
    if node is None or operator(node) != "QuantizeLinear":
        return None
    known = len(node.input) == 3 and index.scalar(node.input[1]) is not None
    return node if known and index.scalar(node.input[2]) is not None else None


@dataclass(frozen=True)
class _Codes:
    """The integers that a quantizer makes.

    Attributes:
        zero_point: The tensor of the code of 0.
        scale: Difference of two codes.
        zero: The code of 0.
    """

    zero_point: onnx.TensorProto
    scale: float
    zero: int

    @classmethod
    def of(cls, quantizer: onnx.NodeProto, index: Index) -> "_Codes":
        scale, zero = (index.scalar(name) or 0.0 for name in quantizer.input[1:3])
        return cls(index.constants[quantizer.input[2]], scale, int(zero))

    def store(self, surgery: Surgery, stem: str, value: float) -> str:
        """Store the code of a number as a threshold; returns its name.

        Args:
            surgery: the graph under change.
            stem: name of the value that the threshold belongs to.
            value: the threshold.
        """
        dtype = np.asarray(numpy_helper.to_array(self.zero_point)).dtype
        code = code_of(value, self.scale, self.zero, dtype)
        return surgery.store(f"{stem}_threshold", code, self.zero_point.data_type)


def _clipped_codes(
    surgery: Surgery, quantizer: onnx.NodeProto, bound: BoundedSite, index: Index
) -> Iterator[onnx.NodeProto]:
    """The code where it is within the bounds, the zero point elsewhere."""
    codes, threshold = _Codes.of(quantizer, index), bound.threshold
    stem, name = bound.site.value, quantizer.output[0]
    source = surgery.fresh(f"{stem}_unbounded")
    quantizer.output[0] = source
    within = surgery.fresh(f"{stem}_within")
    if bound.site.side is Side.ONE or threshold.low is None:
        yield from at_most(surgery, source, codes.store(surgery, stem, threshold.high), within)
    else:
        above, below = surgery.fresh(f"{stem}_not_above"), surgery.fresh(f"{stem}_not_below")
        high = codes.store(surgery, stem, threshold.high)
        yield from at_most(surgery, source, high, above)
        low = codes.store(surgery, f"{stem}_low", threshold.low)
        yield from at_most(surgery, low, source, below)
        yield helper.make_node("And", [above, below], [within], name=within)
    title = surgery.fresh(f"{stem}_bounded")
    yield helper.make_node("Where", [within, source, quantizer.input[2]], [name], name=title)


def overrides_for(
    bounds: Iterable[BoundedSite], dtype: npt.DTypeLike
) -> dict[str, list[dict[str, Scalar]]]:
    """``TensorQuantOverrides`` of ONNX Runtime's quantizer for the bounded values.

    Args:
        bounds: the bounds of the float model.
        dtype: of the codes, int8 or uint8.
    """
    return {b.site.value: [dict(reserved_range(b.threshold, dtype))] for b in bounds}


def count_code_bounds(proto: onnx.ModelProto) -> int:
    """Number of bounds of ``proto`` that compare integer codes."""
    codes = {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}
    stored = {t.name for t in proto.graph.initializer if t.data_type in codes}
    return sum(operator(n) == "Where" and n.input[2] in stored for n in proto.graph.node)
