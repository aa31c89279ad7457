"""One model with both executors, built once per process."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.faults import FaultPattern
from analyzer.model import InputSignature, Model, load_model
from analyzer.runtime.executor import Executor
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.rewrite import RewriteExecutor
from analyzer.runtime.session import Feeds, Result
from analyzer.space import FaultSpace, Selection
from tests.runtime.zoo import ZOO
from tests.support import save

MODELS = Path(__file__).resolve().parents[2] / "models"
SHIPPED = sorted(path.stem for path in MODELS.glob("*.onnx"))

Write = Callable[[onnx.ModelProto, Path], Path]


@dataclass(frozen=True)
class Bench:
    """A model, its fault space, one batch, and both executors on it."""

    model: Model
    space: FaultSpace
    feeds: Feeds
    live: LiveExecutor
    oracle: RewriteExecutor
    golden: Result


def inputs_for(signature: InputSignature, batch: int = 2) -> npt.NDArray[Any]:
    """Numbers of the kind that the model takes."""
    shape = tuple(d or batch for d in signature.shape)
    rng = np.random.default_rng(0)
    if signature.dtype == "uint8":
        return rng.integers(0, 256, shape, dtype=np.uint8)
    return rng.standard_normal(shape).astype(signature.dtype)


def build_bench(path: Path, encoding: str = "stored") -> Bench:
    """Load a model and open both executors."""
    model = load_model(path)
    space = model.space(Selection(), encoding)
    feeds = {model.signature.name: inputs_for(model.signature)}
    live = LiveExecutor(model, space, feeds)
    return Bench(model, space, feeds, live, RewriteExecutor(model, space), live.run(feeds))


@cache
def bench(name: str, encoding: str = "stored", write: Write = save) -> Bench:
    """The bench of a model of the zoo, or of one that this project ships."""
    if name in SHIPPED:
        return build_bench(MODELS / f"{name}.onnx", encoding)
    with tempfile.TemporaryDirectory() as folder:
        return build_bench(write(ZOO[name].build(), Path(folder) / "m.onnx"), encoding)


def answer(executor: Executor, pattern: FaultPattern, feeds: Feeds) -> Result:
    """What ``executor`` answers under ``pattern``."""
    with executor.inject(pattern) as run:
        return run(feeds)
