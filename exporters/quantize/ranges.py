"""Activation ranges from histograms.

``entropy`` and ``percentile`` are ONNX Runtime's own choices. ``histogram`` is the criterion of
PyTorch's HistogramObserver, which ONNX Runtime does not have: the range whose expected squared
error is least, values inside being rounded (a uniform error, step^2 / 12), values outside cut off.
PyTorch narrows the range greedily; here all ends on a grid are compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from exporters.quantize.histograms import Feed, collect

Method = Literal["minmax", "entropy", "percentile", "histogram"]
"""The ways in which a range follows from values."""

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]

BINS = 2048
"""Bins of ONNX Runtime's histograms."""

CANDIDATES = 128
"""Ends that are tried on each side of 0."""

LEVELS = 256
"""Codes of 8 bits."""


def find_ranges(model: Path, method: Method, batches: Iterable[Feed]) -> dict[str, Range]:
    """The range of every activation that can be quantized.

    Args:
        model: file of the prepared float network.
        method: ``histogram``, ``entropy`` or ``percentile``.
        batches: calibration data, by input.

    Returns:
        Value name -> (lowest, highest).
    """
    calibrator = _calibrator(model, method)
    if method == "histogram":
        session = _optimized(calibrator.augmented_model_path)
        histograms = collect(session, calibrator.tensors_to_calibrate, batches)
        return {name: least_squares_range(*found.bins()) for name, found in histograms.items()}
    for batch in batches:  # one by one: the calibrator holds every activation of what it is given
        calibrator.collect_data(_Once(batch))
    found = calibrator.compute_data()
    return {name: _pair(data.range_value) for name, data in found.items()}


def _calibrator(model: Path, method: Method) -> Any:
    """ONNX Runtime's, which makes every activation an output of the network."""
    from onnxruntime.quantization import CalibrationMethod
    from onnxruntime.quantization.calibrate import create_calibrator

    entropy = method == "entropy"
    # A percentile is of absolute values, as by ONNX Runtime's own default.
    options = {"num_bins": BINS, "symmetric": True}
    return create_calibrator(
        str(model),
        augmented_model_path=str(model.with_suffix(".augmented.onnx")),  # not in the user's folder
        calibrate_method=CalibrationMethod.Entropy if entropy else CalibrationMethod.Percentile,
        extra_options={} if entropy else options,
    )


def _optimized(model: str) -> Any:
    """A session as fast as one can be whose values are all outputs; the calibrator's is not."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.graph_optimization_level = level
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def least_squares_range(counts: npt.NDArray[Any], edges: npt.NDArray[Any]) -> Range:
    """The range, with 0 in it, that 8-bit codes represent a histogram best by.

    Args:
        counts: (bins,) values per bin.
        edges: (bins + 1,) ends of the bins.
    """
    held = np.flatnonzero(counts)
    if not held.size:
        return 0.0, 0.0
    counts, edges = np.asarray(counts, np.float64), np.asarray(edges, np.float64)
    centers = (edges[:-1] + edges[1:]) / 2
    low, high = min(edges[held[0]], 0.0), max(edges[held[-1] + 1], 0.0)
    steps = np.linspace(1.0 / CANDIDATES, 1.0, CANDIDATES)
    lows = low * steps if low < 0.0 else np.zeros(1)
    highs = high * steps if high > 0.0 else np.zeros(1)
    below = np.array([_cut(counts, end - centers) for end in lows])
    above = np.array([_cut(counts, centers - end) for end in highs])
    inside = counts.sum() * ((highs[None] - lows[:, None]) / (LEVELS - 1)) ** 2 / 12
    row, column = np.unravel_index((below[:, None] + above[None] + inside).argmin(), inside.shape)
    return float(lows[row]), float(highs[column])


def _cut(counts: Floats, beyond: Floats) -> float:
    """Squared error of the values that are cut off.

    Args:
        counts: (bins,) values per bin.
        beyond: (bins,) distance of each bin from the range; negative inside.
    """
    return float(counts @ np.square(np.maximum(beyond, 0.0)))


def _pair(values: Iterable[Any]) -> Range:
    low, high = (float(np.asarray(v).reshape(())) for v in values)
    return low, high


class _Once:
    """A calibration reader of one batch."""

    def __init__(self, feed: Feed) -> None:
        self._feed: Feed | None = feed

    def get_next(self) -> Feed | None:
        """The batch, then None."""
        feed, self._feed = self._feed, None
        return feed
