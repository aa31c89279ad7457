"""Buffers of stored tensors that no live session of the whole graph reads."""

from collections.abc import Mapping

import numpy as np
import onnx

from analyzer.answers import same_bytes
from analyzer.errors import NotRestored
from analyzer.model.element_types import ELEMENT_OF
from analyzer.model.inventory import values_of


class OverridableInitializers:
    """Contents of the tensors that decide fusions; precompiled subgraphs read them at every run.

    In the words of ONNX Runtime an initializer is overridable if it is an input as well.

    Attributes:
        golden: Golden contents by name; only tensors whose elements are whole bytes are held.
        live: The contents in force.
    """

    def __init__(self, golden: Mapping[str, onnx.TensorProto]) -> None:
        """Copy the golden contents.

        Args:
            golden: the tensors that no live session reads, by name.
        """
        whole = {
            name: tensor
            for name, tensor in golden.items()
            if tensor.data_type in ELEMENT_OF and ELEMENT_OF[tensor.data_type].bits >= 8
        }
        self.golden = {name: values_of(tensor) for name, tensor in whole.items()}
        self.live = {name: values.copy() for name, values in self.golden.items()}
        self._changed: list[str] = []

    def write(self, raw: Mapping[str, bytes]) -> None:
        """Put faulty contents in force, until `restore`.

        Args:
            raw: little-endian bytes by tensor; tensors that are not held are ignored.
        """
        for name, content in raw.items():
            if name in self.live:
                # Noted first: should the write fail half-way, `restore` undoes it.
                self._changed.append(name)
                self.live[name].reshape(-1).view(np.uint8)[...] = np.frombuffer(content, np.uint8)

    def restore(self) -> None:
        """Put golden contents back.

        Raises:
            NotRestored: they did not arrive.
        """
        for name in self._changed:
            self.live[name][...] = self.golden[name]
            if not same_bytes(self.live[name], self.golden[name]):
                raise NotRestored(f"contents of {name!r} differ from golden after a trial")
        self._changed.clear()

    def check(self) -> None:
        """Compare all contents with golden, bit for bit.

        Raises:
            NotRestored: one differs.
        """
        for name, values in self.golden.items():
            if not same_bytes(self.live[name], values):
                raise NotRestored(f"contents of {name!r} differ from golden")
