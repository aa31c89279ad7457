"""Models in opsets that know no scales per channel, converted to the first one that does."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.version_converter

from analyzer.answers import Answer
from analyzer.errors import CannotQuantize, RelcheckError, short
from analyzer.graph.index import standard_opset
from analyzer.runtime.ort.session import open_session, run_session, session_options

PER_CHANNEL_OPSET = 13
"""First opset in which QuantizeLinear and DequantizeLinear have an axis."""

IR_VERSION = 7
"""The IR version that came with that opset."""

Feed = Mapping[str, npt.NDArray[Any]]


def with_axes(proto: onnx.ModelProto, feed: Feed | None) -> onnx.ModelProto:
    """The same model in an opset that knows scales per channel.

    Args:
        proto: not changed; returned as it is if its opset knows them.
        feed: one batch, on which both models must answer the same numbers; None: not tried.

    Raises:
        CannotQuantize: the model cannot be converted.
    """
    opset = standard_opset(proto)
    if opset >= PER_CHANNEL_OPSET:
        return proto
    try:
        converted = onnx.version_converter.convert_version(proto, PER_CHANNEL_OPSET)
    except Exception as error:  # the converter has no exception of its own for what it lacks
        raise _refusal(opset, short(" ".join(str(error).split()))) from error
    converted.ir_version = max(proto.ir_version, IR_VERSION)
    if feed is not None and not _same_answers(proto, converted, feed):
        raise _refusal(opset, "the converted model answers otherwise")
    return converted


def _same_answers(before: onnx.ModelProto, after: onnx.ModelProto, feed: Feed) -> bool:
    options = session_options(optimize=False)
    try:
        old, new = (run_session(open_session(p, options), dict(feed)) for p in (before, after))
    except RelcheckError:
        return False
    if not (isinstance(old, Answer) and isinstance(new, Answer)):
        return False
    return all(
        a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        for a, b in zip(old.outputs, new.outputs, strict=True)
    )


def _refusal(opset: int, reason: str) -> CannotQuantize:
    return CannotQuantize(
        f"the model is written in opset {opset}, scales per channel need opset "
        f"{PER_CHANNEL_OPSET}, and it cannot be converted ({reason}); use --per-tensor, or convert "
        "it first"
    )
