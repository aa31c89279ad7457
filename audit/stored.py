"""The bits that a file stores, and copies of the file in which some are flipped."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

Sites = npt.NDArray[np.int64]

WORDS = (
    onnx.TensorProto.FLOAT,
    onnx.TensorProto.FLOAT16,
    onnx.TensorProto.INT8,
    onnx.TensorProto.UINT8,
    onnx.TensorProto.INT4,
    onnx.TensorProto.INT32,
)
"""Element types of weights, biases, scales and zero points in the networks of the audit."""


class Memory(Protocol):
    """Numbered bits, all at risk, and the file that a device would read from them."""

    bits: int

    def edited(self, sites: Sites) -> bytes:
        """The model file after an upset of each bit in ``sites``, int64 (upsets,), no two alike."""


class FileBytes:
    """Tensors as the file serializes them: bit b of a tensor is bit b mod 8 of its byte b // 8."""

    def __init__(self, path: Path, only: str = "") -> None:
        """Read the file.

        Args:
            path: an ONNX file whose tensors lie in it as raw bytes.
            only: the name of the one tensor at risk; empty: all of them.
        """
        self._proto = onnx.load(path)
        self._tensors = [
            t
            for t in self._proto.graph.initializer
            if t.data_type in WORDS and only in ("", t.name)
        ]
        self._golden = [bytes(t.raw_data) for t in self._tensors]
        ends = np.cumsum([8 * len(data) for data in self._golden])
        self._starts = np.concatenate([[0], ends])
        self.bits = int(ends[-1])

    def edited(self, sites: Sites) -> bytes:
        """As in `Memory`."""
        owners = np.searchsorted(self._starts, sites, side="right") - 1
        for owner in np.unique(owners):
            data = bytearray(self._golden[owner])
            for bit in sites[owners == owner] - self._starts[owner]:
                data[bit // 8] ^= 1 << (bit % 8)
            self._tensors[owner].raw_data = bytes(data)
        file: bytes = self._proto.SerializeToString()
        for owner in np.unique(owners):
            self._tensors[owner].raw_data = self._golden[owner]
        return file


class FixedPoint:
    """Values held as 32-bit two's complement with 16 fraction bits, and read back as float32."""

    def __init__(self, path: Path) -> None:
        """Read an ONNX file all of whose tensors are float32."""
        self._proto = onnx.load(path)
        self._tensors = list(self._proto.graph.initializer)
        self._words = [_to_words(numpy_helper.to_array(t)) for t in self._tensors]
        self._starts = np.concatenate([[0], np.cumsum([32 * w.size for w in self._words])])
        self.bits = int(self._starts[-1])

    def edited(self, sites: Sites) -> bytes:
        """As in `Memory`."""
        for i, words in enumerate(self._words):
            low, high = self._starts[i], self._starts[i + 1]
            mine = sites[(low <= sites) & (sites < high)] - low
            flipped = words.copy()
            for bit in mine:
                flipped[bit // 32] ^= np.uint32(1 << int(bit % 32))
            values = flipped.view(np.int32).astype(np.float64) / 65536
            self._tensors[i].raw_data = values.astype(np.float32).tobytes()
        file: bytes = self._proto.SerializeToString()
        return file


def _to_words(values: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    scaled = np.rint(values.astype(np.float64).ravel() * 65536)
    return np.clip(scaled, -(2**31), 2**31 - 1).astype(np.int32).view(np.uint32)


def open_memory(path: Path, encoding: str, only: str = "") -> Memory:
    """The memory of one case.

    Args:
        path: the ONNX file.
        encoding: ``stored`` or ``q15.16``.
        only: the one tensor at risk; empty: all of them.
    """
    return FixedPoint(path) if encoding == "q15.16" else FileBytes(path, only)
