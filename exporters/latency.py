"""Latency of one deployed file beside that of another: pairs of runs, by turns."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import numpy.typing as npt
import onnx
import onnxruntime as ort

Clock = Callable[[], float]
"""Monotonic seconds."""


@dataclass(frozen=True)
class Latency:
    """Seconds of one run of each of two files.

    Attributes:
        before: Median of the first file.
        after: Median of the second file.
        ratio: Median over pairs of runs, second over first.
        low: Lower quartile of the same.
        high: Upper quartile.
        pairs: Number of pairs.
    """

    before: float
    after: float
    ratio: float
    low: float
    high: float
    pairs: int


def compare_latency(
    before: onnx.ModelProto,
    after: onnx.ModelProto,
    feeds: dict[str, npt.NDArray[Any]],
    clock: Clock,
    *,
    seconds: float,
    fewest: int = 5,
) -> Latency:
    """Run both files by turns, as they would be deployed: ONNX Runtime's own options, one thread.

    Args:
        before: a model that ONNX Runtime loads.
        after: another one with the same inputs.
        feeds: by input, (n, ...) in the input's element type.
        clock: monotonic seconds; injected, so that tests decide what they measure.
        seconds: time to spend, about.
        fewest: pairs of runs, however long they take.
    """
    sessions = (_deployed(before), _deployed(after))
    for session in sessions:
        session.run(None, feeds)  # the first run reserves memory
    times: list[tuple[float, float]] = []
    end = clock() + seconds
    while len(times) < fewest or clock() < end:
        first = len(times) % 2  # each goes first in every second pair: caches favour neither
        pair = {i: _timed(sessions[i], feeds, clock) for i in (first, 1 - first)}
        times.append((pair[0], pair[1]))
    low, middle, high = quantiles((b / a for a, b in times), n=4, method="inclusive")
    return Latency(
        median(a for a, _ in times),
        median(b for _, b in times),
        middle,
        low,
        high,
        len(times),
    )


def _deployed(proto: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _timed(
    session: ort.InferenceSession, feeds: dict[str, npt.NDArray[Any]], clock: Clock
) -> float:
    start = clock()
    session.run(None, feeds)
    return clock() - start
