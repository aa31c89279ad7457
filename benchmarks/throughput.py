"""Faults in every layer: faulty images per second over those of plain ONNX Runtime without faults.

A trial draws one random bit in every weight and bias tensor, flips them, runs the batch, judges
every image and restores the weights. It is compared with an ordinary session on the same batch:
default options, one thread, weights as ONNX Runtime wants to keep them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

from analyzer.campaign.trials import TrialContext
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.jobs.prepare import prepare_analysis
from analyzer.jobs.settings import read_settings
from benchmarks.models import INT8, CannotRun, Options, model_file
from benchmarks.rows import Found, Wanted
from benchmarks.timing import Timed, in_turn

FLIP = parse_fault("flip")
SECONDS = 10.0
LEAST_ROUNDS, MOST_ROUNDS = 9, 61


@dataclass(frozen=True, slots=True)
class Case:
    """One network at one batch size, and how many runs are timed together."""

    network: str
    batch: int
    together: int = 1


CASES = (Case("resnet50", 4), Case("mobilenet_v2", 8), Case("resnet20", 32, together=4))


def plain_session(model: Path) -> ort.InferenceSession:
    """What a user without faults runs: an ordinary session, one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


class Faulty:
    """Trials of one model on its batches, in turn."""

    def __init__(self, bench: TrialContext, seed: int = 0) -> None:
        self.context = bench
        self.done = 0
        self._rng = np.random.default_rng(seed)
        self._starts = np.array(bench.space.offsets[: len(bench.space.tensors)], np.int64)
        self._bits = np.array([tensor.bits for tensor in bench.space.tensors], np.int64)

    def everywhere(self) -> int:
        """One upset in every tensor; returns the images of the trial."""
        within = (self._rng.random(len(self._bits)) * self._bits).astype(np.int64)
        return self._trial(FaultPattern(FLIP, self._starts + within))

    def single(self) -> int:
        """One upset, uniform over all bits; returns the images of the trial."""
        site = self._rng.integers(self.context.space.bits, size=1, dtype=np.int64)
        return self._trial(FaultPattern(FLIP, site))

    def _trial(self, pattern: FaultPattern) -> int:
        bench = self.context
        index = self.done % len(bench.golden.batches)
        self.done += 1
        batch = bench.golden.batches[index]
        with bench.executor.inject(pattern) as run:
            result = run(batch.feeds(bench.golden.input_name))
        return bench.golden.judge.outcomes(
            bench.golden.by_batch[index], result, batch.labels
        ).images


class Plain:
    """Fault-free runs of an ordinary session on the same batches, in turn."""

    def __init__(self, model: Path, bench: TrialContext) -> None:
        self._session, self._bench, self._done = plain_session(model), bench, 0

    def run(self) -> int:
        """One run; returns its images."""
        batch = self._bench.golden.batches[self._done % len(self._bench.golden.batches)]
        self._done += 1
        self._session.run(None, batch.feeds(self._bench.golden.input_name))
        return batch.images


def open_bench(
    model: Path, batch: int, batches: int = 1, cache: str = "0", **extra: str
) -> TrialContext:
    """A bench in this process, on random inputs.

    Args:
        model: The ONNX file.
        batch: Images per run.
        batches: How many batches there are.
        cache: Memory for golden values; 0: every run is a whole one.
        extra: Other settings.
    """
    asked = {"batch": batch, "images": batch * batches, "jobs": 0, "rates": "1e-6", "seed": 1}
    return prepare_analysis(model, read_settings(None, {**asked, "cache": cache, **extra})).context


def measure(model: Path, case: Case) -> Timed:
    """Time trials with faults in every layer against plain runs, in turn."""
    bench = open_bench(model, case.batch, kinds="weight,bias")
    faulty, plain = Faulty(bench), Plain(model, bench)
    works = {
        "faulty": lambda: sum(faulty.everywhere() for _ in range(case.together)),
        "plain": lambda: sum(plain.run() for _ in range(case.together)),
    }
    trial = in_turn(works, 1)
    once = case.batch * case.together * sum(s[0] for s in trial.seconds.values())
    rounds = min(MOST_ROUNDS, max(LEAST_ROUNDS, round(SECONDS / once)))
    return in_turn(works, rounds)


def find_float(options: Options, wanted: Wanted) -> list[Found]:
    """The rows of the float32 networks."""
    return _find("fp32", "", options, wanted)


def find_int8(options: Options, wanted: Wanted) -> list[Found]:
    """The rows of their quantized twins."""
    return _find("int8", INT8, options, wanted)


def _find(prefix: str, suffix: str, options: Options, wanted: Wanted) -> list[Found]:
    names = {f"{prefix}-{case.network}": case for case in CASES}
    return [_row(case, suffix, name, options) for name, case in names.items() if name in wanted]


def _row(case: Case, suffix: str, name: str, options: Options) -> Found:
    try:
        model = model_file(case.network + suffix, options)
    except CannotRun as reason:
        return Found.missing(name, str(reason))
    timed = measure(model, case)
    details = {
        "batch": case.batch,
        "faulty_images_per_second": round(timed.rate("faulty"), 2),
        "plain_images_per_second": round(timed.rate("plain"), 2),
        "rounds": len(timed.seconds["faulty"]),
    }
    return Found(name, timed.ratio("faulty", "plain"), details=details)
