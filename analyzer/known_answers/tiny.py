"""Tiny ONNX models whose weights are given as bits, opened in both executors."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from analyzer.answers import Failure, Feeds, Result
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.selection import Selection
from analyzer.faults.space import FaultSpace
from analyzer.model import Model, load_model
from analyzer.runtime.executor import Executor
from analyzer.runtime.open import open_live
from analyzer.runtime.oracle.rewrite import RewriteExecutor

FORMATS: dict[str, tuple[int, int]] = {
    "float64": (64, onnx.TensorProto.DOUBLE),
    "float32": (32, onnx.TensorProto.FLOAT),
    "float16": (16, onnx.TensorProto.FLOAT16),
    "bfloat16": (16, onnx.TensorProto.BFLOAT16),
    "int32": (32, onnx.TensorProto.INT32),
    "int8": (8, onnx.TensorProto.INT8),
    "uint8": (8, onnx.TensorProto.UINT8),
    "int4": (4, onnx.TensorProto.INT4),
    "uint4": (4, onnx.TensorProto.UINT4),
}
"""Element type -> its bits and its ONNX number, stated anew: what is verified is not used."""

OPSET, IR_VERSION = 21, 10
"""The first with 4-bit elements."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of a tiny model, as bits."""

    name: str
    element: str
    shape: tuple[int, ...]
    codes: tuple[int, ...]

    def tensor(self) -> onnx.TensorProto:
        """The initializer that holds them."""
        bits, number = FORMATS[self.element]
        raw = pack(self.codes, bits)
        return helper.make_tensor(self.name, number, self.shape, raw, raw=True)


def pack(codes: Sequence[int], bits: int) -> bytes:
    """Codes as ONNX serializes them: little-endian, two 4-bit codes to a byte, low half first.

    Args:
        codes: stored bits, element by element.
        bits: width of one element: 4, or whole bytes.

    >>> pack([0x3F80], 16).hex(), pack([1, 2, 3], 4).hex()
    ('803f', '2103')
    """
    whole = sum(code << i * bits for i, code in enumerate(codes))
    return whole.to_bytes(-(-len(codes) * bits // 8), "little")


@dataclass(frozen=True)
class Pair:
    """One tiny model in both executors."""

    model: Model
    space: FaultSpace
    feeds: Feeds
    live: Executor
    oracle: RewriteExecutor

    @property
    def executors(self) -> dict[str, Executor]:
        """Both, by what a reader calls them."""
        return {"live weights": self.live, "the edited file": self.oracle}

    def golden(self) -> dict[str, list[float]]:
        """Every output value without faults, by executor."""
        return {name: _values(e.run(self.feeds)) for name, e in self.executors.items()}

    def under(self, pattern: FaultPattern) -> dict[str, list[float]]:
        """Every output value under ``pattern``, by executor."""
        found = {}
        for name, executor in self.executors.items():
            with executor.inject(pattern) as run:
                found[name] = _values(run(self.feeds))
        return found


def _values(result: Result) -> list[float]:
    if isinstance(result, Failure):
        raise RuntimeError(result.message)
    return [float(v) for output in result.outputs for v in output.reshape(-1).tolist()]


@contextmanager
def opened(proto: onnx.ModelProto, feeds: Feeds, include: str, encoding: str) -> Iterator[Pair]:
    """Write a model to a file, read it as any model, and open it in both executors.

    Args:
        proto: the model.
        feeds: one batch.
        include: glob of the tensors at risk.
        encoding: form in which they are held.
    """
    with tempfile.TemporaryDirectory(prefix="relcheck-") as folder:
        path = Path(folder) / "tiny.onnx"
        path.write_bytes(proto.SerializeToString())
        model = load_model(path)
        space = model.space(Selection(include=(include,)), encoding)
        live = open_live(model, space, feeds)
        yield Pair(model, space, feeds, live, RewriteExecutor(model, space))


def pattern_of(fault: str, sites: Sequence[int]) -> FaultPattern:
    """A fault pattern from literals.

    Args:
        fault: as flags write it.
        sites: places of upsets, in any order.
    """
    return FaultPattern(parse_fault(fault), np.array(sorted(sites), np.int64))
