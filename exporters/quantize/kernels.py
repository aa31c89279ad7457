"""The kernels that ONNX Runtime runs a quantized graph with: on integers, or on floats."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

INTEGER = ("QLinear", "QGemm", "ConvInteger", "MatMulInteger", "DynamicQuantize", "QAttention")
"""Beginnings of the names of operators that compute on integers."""


def kernel_counts(model: onnx.ModelProto) -> tuple[dict[str, int], dict[str, int]]:
    """Count the operators of the graph that ONNX Runtime makes of a model.

    Args:
        model: the network, its data within.

    Returns:
        Operator -> how many: those that compute on integers, and all others.
    """
    import tempfile
    from pathlib import Path

    import onnx
    import onnxruntime as ort

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "optimized.onnx")
        options = ort.SessionOptions()
        options.log_severity_level = 4
        options.optimized_model_filepath = str(target)
        ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        names = [node.op_type for node in onnx.load(str(target)).graph.node]
    counts = dict(sorted(Counter(names).items()))
    integer = {name: n for name, n in counts.items() if name.startswith(INTEGER)}
    return integer, {name: n for name, n in counts.items() if name not in integer}
