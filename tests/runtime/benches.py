"""One model with both executors on one device, built once per process."""

import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest

from analyzer.answers import Feeds, Result
from analyzer.faults.models import FaultPattern
from analyzer.faults.selection import Selection
from analyzer.faults.space import FaultSpace
from analyzer.model import InputSignature, Model, load_model
from analyzer.runtime.executor import Executor
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.open import open_executor
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.device import CPU, NAMED, Device
from analyzer.runtime.partial.execution import PartialExecution
from analyzer.runtime.partial.golden_cache import NO_CACHE, Cache
from analyzer.runtime.stretches.strategy import Use
from tests.runtime.zoo import ZOO
from tests.support import save

MODELS = Path(__file__).resolve().parents[2] / "models"
SHIPPED = ["cifar_mobilenet_clipact", "digits_resnet", "digits_resnet_int8"]
"""Those of the models that this project ships which differ in kind."""

DEVICES = ["cpu", "cpu-bound", pytest.param("cuda", marks=pytest.mark.gpu)]
"""Where the contract of executors is tested; the second takes the GPU's way on the CPU."""

ROOM = Cache(1 << 30)
"""Memory for golden values at every cut of a small model."""

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
    live = opened(model, space, feeds, device)
    cut = opened(model, space, feeds, device, ROOM)
    # Where sums run in another order than in default sessions, the layout says so; all else is
    # equal bit for bit to the file whose weights are not packed.
    exact = live.layout.reordered is None
    oracle = RewriteExecutor(model, space, device, pack=exact)
    return TrialContext(model, space, feeds, live, cut, oracle, live.run(feeds))


def opened(
    model: Model,
    space: FaultSpace,
    feeds: Feeds,
    device: Device = CPU,
    cache: Cache = NO_CACHE,
    without: Collection[str] = (),
) -> LiveExecutor:
    """The live executor of a device, with every acceleration wherever it can be used."""
    use = Use.EVERYWHERE
    made = open_executor(model, space, feeds, device, cache, without=without, use=use)
    assert isinstance(made, LiveExecutor)
    return made


def cut_up(model: Model, space: FaultSpace, feeds: Feeds, device: Device = CPU) -> LiveExecutor:
    """The same, with golden values at every cut."""
    return opened(model, space, feeds, device, ROOM)


def partial_runs(executor: LiveExecutor) -> PartialExecution[Any]:
    """Partial re-execution of an executor that has it."""
    assert isinstance(executor.partial_runs, PartialExecution)
    return executor.partial_runs


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
