"""Activation ranges: the search against trying every range, and what calibrators answer."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.quantize.ptq import quantize_proto
from exporters.quantize.ranges import (
    CANDIDATES,
    LEVELS,
    Floats,
    Method,
    find_ranges,
    least_squares_range,
)
from exporters.quiet import quiet
from tests.exporters.test_quantized_bounds import perceptron
from tests.strategies import examples

METHODS: list[Method] = ["histogram", "entropy", "percentile"]


def error_of(low: float, high: float, counts: Floats, edges: Floats) -> float:
    """The criterion, bin by bin."""
    step = (high - low) / (LEVELS - 1)
    total = 0.0
    for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        center = (left + right) / 2
        cut = max(low - center, center - high, 0.0)
        total += count * (step**2 / 12 + cut**2)
    return float(total)


@examples(25)
@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=12),
    st.floats(-5, 5),
    st.floats(0.01, 3),
)
def test_no_other_range_is_better(counts: list[int], start: float, width: float) -> None:
    """Oracle: the error of every pair of candidate ends, summed bin by bin."""
    edges = np.array([start + width * i for i in range(len(counts) + 1)], np.float64)
    held = np.asarray(counts, float)
    low, high = least_squares_range(held, edges)
    assert low <= 0.0 <= high
    if not held.any():
        assert (low, high) == (0.0, 0.0)
        return
    inhabited = np.flatnonzero(held)
    bottom, top = min(edges[inhabited[0]], 0.0), max(edges[inhabited[-1] + 1], 0.0)
    ends = np.arange(1, CANDIDATES + 1, 8) / CANDIDATES
    best = error_of(low, high, held, edges)
    for a in ends * bottom:
        for b in ends * top:
            assert best <= error_of(a, b, held, edges) * (1 + 1e-9) + 1e-12


def test_a_far_outlier_is_cut_as_calculus_says() -> None:
    """N values err by (h / 255)^2 / 12 each, one at 100 by (100 - h)^2: least at the h below."""
    counts = np.zeros(1000)
    counts[:100] = 10_000
    counts[-1] = 1
    low, high = least_squares_range(counts, np.linspace(0.0, 100.0, 1001))
    assert low == 0.0
    assert high == pytest.approx(100 / (1 + 1e6 / (12 * 255**2)), abs=100 / CANDIDATES)


@pytest.mark.parametrize("method", METHODS)
def test_calibrators_find_ranges_within_the_data(method: Method, tmp_path: Path) -> None:
    proto, images = perceptron("h = Relu (a)")
    onnx.save(proto, tmp_path / "net.onnx")
    with quiet():
        found = find_ranges(
            tmp_path / "net.onnx", method, [{"image": i} for i in (images[:50], images[50:])]
        )
    low, high = found["image"]
    assert -4.5 < low < -1.0
    assert 1.0 < high < 4.5
    assert found["h"][0] == 0.0


@pytest.mark.parametrize("method", [*METHODS, "minmax"])
def test_quantization_leaves_nothing_in_the_users_folder(
    method: Method, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without `augmented_model_path`: ONNX Runtime writes into the working directory."""
    monkeypatch.chdir(tmp_path)
    proto, images = perceptron("h = Relu (a)")
    quantize_proto(proto, [{"image": images}], method=method)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", [*METHODS, "minmax"])
def test_quantization_repeats_byte_for_byte(method: Method) -> None:
    proto, images = perceptron("h = Relu (a)")
    batches = [{"image": images[:50]}, {"image": images[50:]}]
    first, second = (quantize_proto(proto, batches, method=method) for _ in range(2))
    assert first.SerializeToString(deterministic=True) == second.SerializeToString(
        deterministic=True
    )
