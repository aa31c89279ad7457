"""Bounds within quantized graphs, on the integer codes.

A QuantizeLinear saturates: what is above its range becomes its highest code, and a bound at the end
of the range could not tell that code's own values from those that were cut off. So the range of a
bounded value gets one code more at each bounded end, which stands for "beyond". The bound compares
codes, and the convolution before and the one behind stay integer kernels.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from analyzer.graph.index import Index, index_of, operator
from exporters.hardening.activations.survey import Side
from exporters.hardening.bounds.find import Bound
from exporters.hardening.bounds.insert import Surgery, at_most, insert_bounds
from exporters.hardening.bounds.thresholds import Method, Threshold

LEVELS = 256

Scalar = npt.NDArray[np.generic]


def reserved_range(threshold: Threshold, dtype: npt.DTypeLike) -> dict[str, Scalar]:
    """Scale and zero point that keep a code for what is beyond each bound.

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
    """The code of ``value``, as QuantizeLinear rounds: to the nearest, ties to even."""
    limits = np.iinfo(np.dtype(dtype))
    ratio = np.rint(np.float32(value) / np.float32(scale))
    return np.array(np.clip(ratio + zero, limits.min, limits.max), dtype)


def insert_code_bounds(proto: onnx.ModelProto, bounds: tuple[Bound, ...]) -> None:
    """Put bounds back into a model that was quantized without them.

    Args:
        proto: changed in place; the ranges of the bounded values are `reserved_range`.
        bounds: of the model before it was quantized.
    """
    index = index_of(proto)
    quantized = {b.site.value: _quantizer(b.site.value, index) for b in bounds}
    floats = tuple(b for b in bounds if quantized[b.site.value] is None)
    thresholds = {b.site.value: b.threshold for b in floats}
    insert_bounds(proto, tuple(b.site for b in floats), thresholds, Method.ACTMAX)
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


def _quantizer(value: str, index: Index) -> onnx.NodeProto | None:
    """The QuantizeLinear that is the one reader of ``value``; None if there are others."""
    readers = index.readers.get(value, [])
    if len(readers) != 1 or value in index.outputs or operator(readers[0]) != "QuantizeLinear":
        return None
    node = readers[0]
    known = len(node.input) == 3 and index.scalar(node.input[1]) is not None
    return node if known and index.scalar(node.input[2]) is not None else None


def _clipped_codes(
    surgery: Surgery, quantizer: onnx.NodeProto, bound: Bound, index: Index
) -> Iterator[onnx.NodeProto]:
    """The code where it is within the bounds, the zero point elsewhere."""
    zero_point = index.constants[quantizer.input[2]]
    dtype = np.asarray(numpy_helper.to_array(zero_point)).dtype
    scale = index.scalar(quantizer.input[1]) or 0.0
    zero = int(index.scalar(quantizer.input[2]) or 0)
    stem, codes = bound.site.value, quantizer.output[0]
    source = surgery.fresh(f"{stem}_unbounded")
    quantizer.output[0] = source

    def stored(name: str, value: float) -> str:
        code = code_of(value, scale, zero, dtype)
        return surgery.store(f"{name}_threshold", code, zero_point.data_type)

    within = surgery.fresh(f"{stem}_within")
    if bound.site.side is Side.ONE or bound.threshold.low is None:
        yield from at_most(surgery, source, stored(stem, bound.threshold.high), within)
    else:
        above, below = surgery.fresh(f"{stem}_not_above"), surgery.fresh(f"{stem}_not_below")
        yield from at_most(surgery, source, stored(stem, bound.threshold.high), above)
        yield from at_most(surgery, stored(f"{stem}_low", bound.threshold.low), source, below)
        yield helper.make_node("And", [above, below], [within], name=within)
    name = surgery.fresh(f"{stem}_bounded")
    yield helper.make_node("Where", [within, source, quantizer.input[2]], [codes], name=name)


def overrides_for(
    bounds: Iterable[Bound], dtype: npt.DTypeLike
) -> dict[str, list[dict[str, Scalar]]]:
    """``TensorQuantOverrides`` of ONNX Runtime's quantizer for the bounded values."""
    return {b.site.value: [dict(reserved_range(b.threshold, dtype))] for b in bounds}


def count_code_bounds(proto: onnx.ModelProto) -> int:
    """How many bounds of ``proto`` compare integer codes."""
    codes = {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}
    stored = {t.name for t in proto.graph.initializer if t.data_type in codes}
    return sum(operator(n) == "Where" and n.input[2] in stored for n in proto.graph.node)
