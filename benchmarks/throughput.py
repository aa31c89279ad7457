"""Faulty images per second over fault-free images per second of plain ONNX Runtime."""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import onnxruntime as ort

from analyzer.campaign.trials import Bench, Cell
from analyzer.cli.settings import read_settings
from analyzer.cli.setup import prepare_analysis

MODELS = Path(__file__).parent.parent / "models"


@dataclass(frozen=True)
class Case:
    """One model at one batch size and bit error rate."""

    name: str
    model: Path
    batch: int
    rate: float
    target: float | None


CASES = (
    Case("fp32 digits, 25 upsets", MODELS / "digits_resnet.onnx", 300, 1e-5, 0.95),
    Case("fp32 digits, 248 upsets", MODELS / "digits_resnet.onnx", 300, 1e-4, 0.95),
    Case("fp32 digits, 2.5 upsets", MODELS / "digits_resnet.onnx", 32, 1e-6, None),
    Case("int8 digits, 0.7 upsets", MODELS / "digits_resnet_int8.onnx", 300, 1e-6, None),
    Case("int8 digits, 66 upsets", MODELS / "digits_resnet_int8.onnx", 300, 1e-4, None),
)


@dataclass(frozen=True)
class Measured:
    """Result of one case: the median over pairs of runs, taken in turn."""

    case: Case
    faulty: float
    plain: float
    ratio: float

    @property
    def verdict(self) -> str:
        """``ok``, ``short`` or, without a target, nothing."""
        if self.case.target is None:
            return ""
        return "ok" if self.ratio >= self.case.target else "short"


def plain_session(model: Path) -> ort.InferenceSession:
    """What a user without faults runs: an ordinary session, one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


BLOCK = 32
"""Trials, and then plain runs, timed together; both sides run in their steady state."""


def _likeliest(bench: Bench, rate: float) -> Cell:
    """The stratum that most patterns of a rate belong to."""
    weights = [stratum.weight for stratum in bench.split(rate).strata]
    return Cell(rate, weights.index(max(weights)))


def measure(case: Case, pairs: int = 15) -> Measured:
    """Time whole trials (draw, flip, run, judge, restore) against plain runs, in turn."""
    settings = read_settings(None, {"batch": case.batch, "seed": 1, "rates": repr(case.rate)})
    bench = prepare_analysis(case.model, settings).bench
    cell = _likeliest(bench, case.rate)
    session = plain_session(case.model)
    batch = bench.batches[0]
    faulty, plain = [], []
    for first in range(0, pairs * BLOCK, BLOCK):
        start = time.perf_counter()
        images = sum(o.images for o in bench.trials(cell, first, first + BLOCK))
        middle = time.perf_counter()
        for _ in range(BLOCK):
            session.run(None, {bench.input_name: batch.inputs})
        end = time.perf_counter()
        faulty.append((middle - start) / images)
        plain.append((end - middle) / (BLOCK * batch.images))
    ratio = statistics.median(p / f for p, f in zip(plain, faulty, strict=True))
    return Measured(case, 1 / statistics.median(faulty), 1 / statistics.median(plain), ratio)
