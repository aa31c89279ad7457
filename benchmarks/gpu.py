"""On a GPU: what faults cost there, at two batch sizes, and a sweep against the CPU.

The same trials as in `benchmarks.throughput` and `benchmarks.single`, timed by the wall clock, for
a GPU's work is no CPU time. The plain session has ONNX Runtime's default options, but computes as
ours does: products of float32 without TF32, kernels chosen without a stopwatch. What it does with
nothing but defaults is recorded beside it.

    python -m benchmarks --device cuda
    python -m benchmarks --device cpu-bound --device-batches 2 4    # does this code run? no figures
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime as ort

from analyzer.campaign.blocks import BlockResult
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.runner import run_campaign
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.inline_pool import InlinePool
from analyzer.cli.devices import device_of
from analyzer.errors import DeviceUnavailable
from analyzer.runtime.ort.device import Device
from benchmarks.models import CannotRun, Options, model_file
from benchmarks.rows import Detail, Found, Wanted
from benchmarks.sweep import RATES, Endless, Silent
from benchmarks.throughput import Faulty, open_bench
from benchmarks.timing import Timed, Work, in_turn

NETWORK = "resnet50"
BATCHES = 2
GOLDEN_BYTES, MOST_BYTES = 40 * 2**20, 16 * 2**30
"""Of golden values and inputs: of one image, more than all cuts of ResNet-50 need; of all."""

ROUNDS, TOGETHER = 9, 4
SINGLE_FAULTS = 60
SWEEP_IMAGES = 1000
SAMPLED = 2
"""Trials of each cell that the CPU is timed on; it would take hours over all of them."""


def find(options: Options, wanted: Wanted) -> list[Found]:
    """The rows of the group, or why they cannot be run."""
    try:
        device, model = _there(options), model_file(NETWORK, options)
    except CannotRun as reason:
        return [Found.missing(name, str(reason)) for name in sorted(wanted)]
    found = []
    for size, batch in zip(("small", "large"), options.device_batches, strict=True):
        for kind, measure in (("fp32", _everywhere), ("single", _single)):
            name = f"gpu-{kind}-{NETWORK}-{size}"
            if name in wanted:
                found.append(measure(name, model, device, batch))
    name = f"gpu-sweep-{NETWORK}"
    if name in wanted:
        images = SWEEP_IMAGES if not device.on_cpu else 4 * options.device_batches[1]
        found.append(_sweep(name, model, device, options.device_batches[0], images))
    return [_no_gpu(row, device) for row in found] if device.on_cpu else found


def _no_gpu(row: Found, device: Device) -> Found:
    """What the CPU says of the code, not of a GPU: nothing that is kept."""
    return Found.missing(row.name, f"{device.name} is no GPU, on which it was {row.figure:.2f}")


def _there(options: Options) -> Device:
    """The device that the rows run on.

    Raises:
        CannotRun: it is not there.
    """
    try:
        return device_of(options.device)
    except DeviceUnavailable as reason:
        raise CannotRun(f"no {options.device} here (docs/devices.md)") from reason


class Plain:
    """Fault-free runs of an ordinary session on the device, on the same batches, in turn."""

    def __init__(self, model: Path, bench: TrialContext, providers: object) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(str(model), options, providers=providers)
        self._bench, self._done = bench, 0

    def run(self) -> int:
        """One run; returns its images."""
        batch = self._bench.golden.batches[self._done % len(self._bench.golden.batches)]
        self._done += 1
        self._session.run(None, batch.feeds(self._bench.golden.input_name))
        return batch.images


def _everywhere(name: str, model: Path, device: Device, batch: int) -> Found:
    """Faults in every layer; inputs come from the host in every run, as they do in a plain one."""
    with _inputs(batch * BATCHES) as data:
        bench = open_bench(
            model, batch, BATCHES, "0", kinds="weight,bias", device=device.name, data=data
        )
        faulty = Faulty(bench)
        return _timed(name, model, bench, device, faulty.everywhere, TOGETHER)


def _single(name: str, model: Path, device: Device, batch: int) -> Found:
    """One fault per trial, with golden values on the device."""
    with _inputs(batch * BATCHES) as data:
        cache = _cache(batch * BATCHES)
        bench = open_bench(model, batch, BATCHES, cache, device=device.name, data=data)
        faulty = Faulty(bench)
        return _timed(name, model, bench, device, faulty.single, SINGLE_FAULTS)


def _cache(images: int) -> str:
    """As much as helps, and a card can spare."""
    return str(min(images * GOLDEN_BYTES, MOST_BYTES))


def _timed(
    name: str, model: Path, bench: TrialContext, device: Device, trial: Work, together: int
) -> Found:
    same = Plain(model, bench, device.providers)
    usual = Plain(model, bench, [provider for provider, _ in device.providers])
    timed = in_turn(
        {
            "faulty": lambda: sum(trial() for _ in range(together)),
            "plain": lambda: sum(same.run() for _ in range(TOGETHER)),
            "usual": lambda: sum(usual.run() for _ in range(TOGETHER)),
        },
        ROUNDS,
        time.perf_counter,
    )
    return Found(name, timed.ratio("faulty", "plain"), details=_details(timed, bench, device))


def _details(timed: Timed, bench: TrialContext, device: Device) -> dict[str, Detail]:
    return {
        "device": device.shown,
        "batch": bench.plan.batch,
        "faulty_images_per_second": round(timed.rate("faulty"), 1),
        "plain_images_per_second": round(timed.rate("plain"), 1),
        "default_options_images_per_second": round(timed.rate("usual"), 1),
    }


@dataclass
class Counting:
    """A store that counts trials."""

    trials: Counter[AnyCell] = field(default_factory=Counter)

    def known(self, cell: object) -> tuple[()]:
        """Nothing."""
        return ()

    def put(self, result: BlockResult) -> None:
        """Count its trials."""
        self.trials[result.block.cell] += len(result.outcomes)

    def tick(self) -> None:
        """Nothing is due."""


def _sweep(name: str, model: Path, device: Device, batch: int, images: int) -> Found:
    """A whole sweep to one point on the device; on the CPU, what its trials would take."""
    batch = max(size for size in range(1, batch + 1) if images % size == 0)
    count = images // batch
    with _inputs(images) as data:
        cache = _cache(images)

        def opened(where: str, memory: str) -> TrialContext:
            return open_bench(model, batch, count, memory, rates=RATES, data=data, device=where)

        bench, store = opened(device.name, cache), Counting()
        start = time.perf_counter()
        with InlinePool(bench) as pool:
            run_campaign(bench, pool, store, Endless(), Silent())
        there = time.perf_counter() - start
        here = _on_the_cpu(opened("cpu", "2G"), store.trials)
    details: dict[str, Detail] = {
        "device": device.shown,
        "images": images,
        "batch": batch,
        "trials": store.trials.total(),
        "device_seconds": round(there, 1),
        "cpu_seconds_computed": round(here, 1),
    }
    return Found(name, here / there, details=details)


def _on_the_cpu(bench: TrialContext, trials: Counter[AnyCell]) -> float:
    """CPU seconds of so many trials of each cell, from a few of each."""
    seconds = 0.0
    for cell, count in trials.items():
        sample = min(SAMPLED, count)
        start = time.process_time()
        for _ in bench.trials(cell, 0, sample):
            pass
        seconds += (time.process_time() - start) / sample * count
    return seconds


@contextmanager
def _inputs(images: int) -> Iterator[str]:
    """The path of a data set of random pixels, which is there while the context lasts."""
    pixels = np.random.default_rng(0).integers(0, 256, (images, 224, 224, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory(prefix="relcheck-") as folder:
        path = Path(folder, "pixels.npz")
        np.savez(path, images=pixels)
        yield str(path)
