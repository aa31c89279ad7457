"""Histograms of activations: against sorting all values, and however images come in batches."""

from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.runtime.ort.session import open_session, session_options
from exporters.quantize.histograms import HELD_BYTES, Histogram, collect, larger
from exporters.quantize.ptq import quantize_proto
from tests.exporters.test_quantized_bounds import perceptron
from tests.strategies import examples
from tests.support import parse_model

FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)

SUM = """
<ir_version: 8, opset_import: ["" : 17]>
g (float[{shape}] image) => (float[{shape}] twice) {{ twice = Add (image, image) }}
"""


def counted(values: Sequence[float]) -> Histogram:
    found = Histogram()
    found.add(np.array(values, np.float32))
    return found


@examples(200)
@given(st.lists(FLOATS, max_size=60))
def test_every_finite_number_is_in_its_bin(values: list[float]) -> None:
    """Oracle: each number by itself is searched for between the ends."""
    finite = [v for v in values if np.isfinite(v)]
    counts, ends = counted(values).bins()
    assert counts.sum() == len(finite)
    assert (np.diff(ends) >= 0).all()
    if not finite:
        return
    assert (ends[0], ends[-1]) == (min(finite), max(finite))
    assert counts[0]
    assert counts[-1]
    for low, high, count in zip(ends[:-1], ends[1:], counts, strict=True):
        assert count <= sum(low <= v <= high for v in finite)
        if count and low > 2.0**-126:
            assert high - low <= low * 2.0**-7


@examples(50)
@given(st.lists(FLOATS, min_size=1, max_size=40), st.integers(0, 39))
def test_counts_do_not_depend_on_batches(values: list[float], cut: int) -> None:
    whole, parts = counted(values), counted(values[:cut])
    parts.add(np.array(values[cut:], np.float32))
    assert whole.counts.tolist() == parts.counts.tolist()
    assert (whole.low, whole.high) == (parts.low, parts.high)


def test_large_arrays_are_counted_in_pieces() -> None:
    values = np.random.default_rng(0).standard_normal(600_001).astype(np.float32)
    found = Histogram()
    found.add(values.reshape(1, -1))
    assert found.counts.sum() == values.size
    counts, ends = found.bins()
    expected, _ = np.histogram(values, ends)
    assert np.abs(np.cumsum(counts) - np.cumsum(expected)).max() <= 2, "ends of bins apart"


def images(count: int, rows: int, columns: int) -> list[dict[str, np.ndarray]]:
    values = np.arange(count * rows * columns, dtype=np.float32).reshape(count, rows, columns)
    return [{"image": part} for part in values]


@pytest.mark.parametrize(
    ("shape", "rows", "sizes"),
    [("N, 4096", 1, [2048, 452]), ("1, 4096", 1, [1] * 2500), ("N, M", 1, [1] * 2500)],
)
def test_images_are_run_together_where_the_model_lets_them(
    shape: str, rows: int, sizes: list[int]
) -> None:
    """2,048 images make `HELD_BYTES` of the two values together."""
    session = open_session(parse_model(SUM.format(shape=shape)), session_options())
    batches = images(2500, rows, 4096)
    together = list(larger(session, ["twice", "twice"], batches))
    assert HELD_BYTES == 2048 * 2 * 4096 * 4
    assert [len(feed["image"]) for feed in together] == sizes
    joined = np.concatenate([feed["image"] for feed in together])
    assert joined.tobytes() == np.concatenate([b["image"] for b in batches]).tobytes()


def test_the_histogram_is_that_of_the_runs() -> None:
    session = open_session(parse_model(SUM.format(shape="N, 4")), session_options())
    batches = images(3, 2, 4)
    found = collect(session, {"twice"}, batches)["twice"]
    assert found.counts.sum() == 24
    assert (found.low, found.high) == (0.0, 46.0)


def test_no_images_no_counts() -> None:
    session = open_session(parse_model(SUM.format(shape="N, 4")), session_options())
    assert collect(session, {"twice"}, [])["twice"].counts.sum() == 0


def test_quantized_models_do_not_depend_on_batches() -> None:
    proto, values = perceptron("h = Relu (a)")
    twins = [
        quantize_proto(proto, [{"image": part} for part in parts], method="histogram")
        for parts in ([values], np.array_split(values, 7))
    ]
    first, second = (onnx.ModelProto.SerializeToString(twin, deterministic=True) for twin in twins)
    assert first == second
