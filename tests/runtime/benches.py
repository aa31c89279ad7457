"""One model with both executors on one device, built once per process."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import onnx
import pytest

from analyzer.answers import Feeds, Result
from analyzer.faults.models import FaultPattern
from analyzer.faults.space import FaultSpace, Selection
from analyzer.model import InputSignature, Model, load_model
from analyzer.runtime.device import cuts as device_cuts
from analyzer.runtime.device import partial as device_segments
from analyzer.runtime.device.open import DeviceExecutor
from analyzer.runtime.executor import Executor
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.device import CPU, NAMED, Device, Weights
from analyzer.runtime.partial import execution as segments
from analyzer.runtime.partial.golden_cache import NO_CACHE, Cache
from analyzer.runtime.speculative_bounds.strategy import NEVER
from tests.runtime.zoo import ZOO
from tests.support import save

MODELS = Path(__file__).resolve().parents[2] / "models"
SHIPPED = ["cifar_mobilenet_clipact", "digits_resnet", "digits_resnet_int8"]
"""Those of the models that this project ships which differ in kind."""

DEVICES = ["cpu", "cpu-bound", pytest.param("cuda", marks=pytest.mark.gpu)]
"""Where the contract of executors is tested; the second takes the GPU's way on the CPU."""

Write = Callable[[onnx.ModelProto, Path], Path]


@dataclass(frozen=True)
class TrialContext:
    """A model, its fault space, one batch, and the executors on it.

    Attributes:
        live: Runs the whole model each time.
        cut: Runs what a fault can reach; cut wherever the graph can be cut.
    """

    model: Model
    space: FaultSpace
    feeds: Feeds
    live: LiveExecutor
    cut: LiveExecutor
    oracle: RewriteExecutor
    golden: Result


def inputs_for(signature: InputSignature, batch: int = 2) -> npt.NDArray[Any]:
    """Numbers of the kind that the model takes."""
    shape = tuple(d or batch for d in signature.shape)
    rng = np.random.default_rng(0)
    if signature.dtype == "uint8":
        return rng.integers(0, 256, shape, dtype=np.uint8)
    return rng.standard_normal(shape).astype(signature.dtype)


def build_bench(path: Path, encoding: str = "stored", device: Device = CPU) -> TrialContext:
    """Load a model and open both executors."""
    model = load_model(path)
    space = model.space(Selection(), encoding)
    feeds = {model.signature.name: inputs_for(model.signature)}
    live = open_live(model, space, feeds, device)
    cut = cut_up(model, space, feeds, device)
    oracle = RewriteExecutor(model, space, device)
    return TrialContext(model, space, feeds, live, cut, oracle, live.run(feeds))


def open_live(
    model: Model,
    space: FaultSpace,
    feeds: Feeds,
    device: Device = CPU,
    cache: Cache = NO_CACHE,
    layout: Layout | None = None,
) -> LiveExecutor:
    """The live executor of a device, on packed weights if it can, with detours at once."""
    if device.weights is Weights.BOUND:
        return DeviceExecutor(model, space, feeds, device, cache)
    with patch.object(segments, "packing_pays", lambda *_: True):
        executor = LiveExecutor(model, space, feeds, cache, layout)
    executor.patience = 0
    return executor


def cut_up(model: Model, space: FaultSpace, feeds: Feeds, device: Device = CPU) -> LiveExecutor:
    """An executor that cuts and speculates wherever it can, and looks for masked faults there."""
    module = segments if device is CPU else device_cuts
    with (
        patch.object(module, "candidates", lambda sizes, *_: list(range(len(sizes)))),
        patch.object(module, "choose_cuts", lambda costs, _: list(range(len(costs.seconds)))),
        patch.object(segments, "CALL_SECONDS", -1.0),
        patch.object(segments, "bounds_that_cost", lambda bounds, _: bounds),
        patch.object(segments, "stations_for", everywhere),
        patch.object(device_cuts, "MEASURED", 10**6),
        patch.object(device_cuts, "_timed", lambda _, cuts, __: np.ones(len(cuts))),
        patch.object(device_segments, "seconds_to_compare", lambda v, _: np.zeros(len(v))),
    ):
        return open_live(model, space, feeds, device, Cache(1 << 30))


def everywhere(_: object, sizes: npt.NDArray[np.int64]) -> list[int]:
    """Every position at which pieces may meet."""
    found: list[int] = np.flatnonzero(sizes < NEVER).tolist()
    return found


@cache
def context(
    name: str, encoding: str = "stored", write: Write = save, device: str = "cpu"
) -> TrialContext:
    """The context of a model of the zoo, or of one that this project ships."""
    where = NAMED[device]
    if name in SHIPPED:
        return build_bench(MODELS / f"{name}.onnx", encoding, where)
    with tempfile.TemporaryDirectory() as folder:
        return build_bench(write(ZOO[name].build(), Path(folder) / "m.onnx"), encoding, where)


def answer(executor: Executor, pattern: FaultPattern, feeds: Feeds) -> Result:
    """What ``executor`` answers under ``pattern``."""
    with executor.inject(pattern) as run:
        return run(feeds)
