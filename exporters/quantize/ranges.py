"""Activation ranges from histograms: ONNX Runtime collects them, the range is chosen here.

``entropy`` and ``percentile`` are ONNX Runtime's own choices. ``histogram`` is the criterion of
PyTorch's HistogramObserver, which ONNX Runtime does not have: the range whose expected squared
error is least, values inside being rounded (a uniform error, step^2 / 12), values outside cut off.
PyTorch narrows the range greedily; here all ends on a grid are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Method = Literal["minmax", "entropy", "percentile", "histogram"]
"""The ways in which a range follows from values."""

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]
Feed = Mapping[str, npt.NDArray[Any]]

BINS = 2048
"""Bins of a histogram."""

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
    from onnxruntime.quantization import CalibrationMethod
    from onnxruntime.quantization.calibrate import create_calibrator

    entropy = method == "entropy"
    # A percentile is of absolute values, as by ONNX Runtime's own default; the search wants signs.
    options = {"num_bins": BINS, "symmetric": method == "percentile"}
    calibrator = create_calibrator(
        str(model),
        augmented_model_path=str(model.with_suffix(".augmented.onnx")),  # not in the user's folder
        calibrate_method=CalibrationMethod.Entropy if entropy else CalibrationMethod.Percentile,
        extra_options={} if entropy else options,
    )
    for batch in batches:  # one by one: the calibrator holds every activation of what it is given
        calibrator.collect_data(_Once(batch))
    if method == "histogram":
        histograms = calibrator.collector.get_histogram_dict()
        return {name: least_squares_range(h[0], h[1]) for name, h in histograms.items()}
    found = calibrator.compute_data()
    return {name: _pair(data.range_value) for name, data in found.items()}


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
