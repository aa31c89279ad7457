"""Faulty contents of stored tensors that no live session of the whole graph reads."""

from collections.abc import Mapping

import numpy as np
import onnx

from analyzer.errors import NotRestored
from analyzer.model.element_types import ELEMENT_OF
from analyzer.model.inventory import values_of
from analyzer.runtime.ort.optimized_graph import same_values


class Contents:
    """Buffers of the tensors that decide forms; forms read them at every run."""

    def __init__(self, golden: Mapping[str, onnx.TensorProto]) -> None:
        """Take up the golden contents.

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
        """Put faulty contents in force, until `restore`."""
        for name, content in raw.items():
            if name in self.live:
                self._changed.append(name)
                self.live[name].reshape(-1).view(np.uint8)[...] = np.frombuffer(content, np.uint8)

    def restore(self) -> None:
        """Put golden back.

        Raises:
            NotRestored: it did not arrive.
        """
        for name in self._changed:
            self.live[name][...] = self.golden[name]
            if not same_values(self.live[name], self.golden[name]):
                raise NotRestored(f"contents of {name!r} differ from golden after a trial")
        self._changed.clear()

    def check(self) -> None:
        """Compare all with golden.

        Raises:
            NotRestored: one differs.
        """
        for name, values in self.golden.items():
            if not same_values(self.live[name], values):
                raise NotRestored(f"contents of {name!r} differ from golden")
