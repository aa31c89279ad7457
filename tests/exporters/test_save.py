"""Files: one where one is enough, two where it is not, and both read back."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from analyzer.model import load_model
from exporters import latency
from exporters.latency import compare_latency
from exporters.model_files import SMALL, files_of
from tests.exporters.nets import network, row, scalar
from tests.support import tiny_cnn_proto


def written(proto: onnx.ModelProto, path: Path, most: int) -> list[str]:
    names = []
    for target, content in files_of(proto, path, most):
        target.write_bytes(content)
        names.append(target.name)
    return names


def test_a_small_model_is_one_file(tmp_path: Path) -> None:
    proto = tiny_cnn_proto()
    size = proto.ByteSize()
    assert written(proto, tmp_path / "m.onnx", size) == ["m.onnx"]
    assert load_model(tmp_path / "m.onnx").proto.graph.initializer == proto.graph.initializer


def test_a_model_that_is_too_large_has_its_weights_beside(tmp_path: Path) -> None:
    big = np.arange(3 * SMALL, dtype=np.float32).reshape(3, SMALL)
    more = np.arange(SMALL, dtype=np.float64)
    proto = network(
        "x = Add (image, one) y = Add (x, big) scores = Add (y, big)",
        {"one": scalar(1), "big": big},
    )
    proto.graph.initializer.append(onnx.numpy_helper.from_array(more, "more"))
    before = proto.SerializeToString()
    names = written(proto, tmp_path / "m.onnx", proto.ByteSize() - 1)
    assert names == ["m.onnx.data", "m.onnx"]
    assert (tmp_path / "m.onnx").stat().st_size < 1000
    read = load_model(tmp_path / "m.onnx").proto
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in read.graph.initializer}
    assert stored["big"].tobytes() == big.tobytes()
    assert stored["more"].tobytes() == more.tobytes()
    assert proto.SerializeToString() == before


def test_latency_is_measured_by_turns() -> None:
    """With a clock that counts its readings, every run takes one tick."""
    ticks = iter(range(10_000))
    quick, slow = network("scores = Neg (image)"), network("scores = Relu (image)")
    found = compare_latency(
        quick, slow, {"image": row(1, 2)}, lambda: float(next(ticks)), seconds=100.0
    )
    assert (found.before, found.after, found.ratio) == (1.0, 1.0, 1.0)
    assert found.pairs == 21  # of 5 readings each, until 100 have passed


def test_each_goes_first_in_every_second_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[object] = []

    def timed(session: object, *_: object) -> float:
        order.append(session)
        return 1.0

    monkeypatch.setattr(latency, "_timed", timed)
    proto = network("scores = Neg (image)")
    latency.compare_latency(proto, proto, {"image": row(1)}, lambda: 0.0, seconds=-1.0, fewest=4)
    first, second = order[:2]
    assert order == [first, second, second, first] * 2


def test_latency_is_measured_at_least_a_few_times() -> None:
    ticks = iter(range(0, 10**9, 10**6))
    proto = network("scores = Neg (image)")
    found = compare_latency(
        proto, proto, {"image": row(1)}, lambda: float(next(ticks)), seconds=1.0
    )
    assert found.pairs == 5
