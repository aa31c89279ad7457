"""Changes of a graph under fresh names: what the nodes of all bounds are made with."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from analyzer.graph.index import all_names, constants_of, standard_opset
from analyzer.graph.walk import reads

BEYOND = "beyond_threshold"
"""The 0 that clipping puts in the place of a value beyond its threshold; one for each type."""


@dataclass
class Surgery:
    """One graph under change, in place.

    Attributes:
        proto: The model that is changed.
        opset: Version of its standard operators.
        names: Every name that is taken.
        constants: Its stored tensors by name, as they were before the change.
    """

    proto: onnx.ModelProto
    opset: int
    names: set[str]
    constants: dict[str, onnx.TensorProto]

    @classmethod
    def on(cls, proto: onnx.ModelProto) -> "Surgery":
        """Prepare to change ``proto`` in place."""
        constants = constants_of(proto.graph)
        return cls(proto, standard_opset(proto), all_names(proto.graph), constants)

    def fresh(self, name: str) -> str:
        """Take ``name``; where it is taken, the same with a number before the last word."""
        candidate, count = name, 1
        while candidate in self.names:
            count += 1
            stem, _, suffix = name.rpartition("_")
            candidate = f"{stem}_{count}_{suffix}"
        self.names.add(candidate)
        return candidate

    def store(self, name: str, value: npt.NDArray[np.generic], dtype: int) -> str:
        """Append an initializer; returns its name.

        Args:
            name: as it is to be called, if that is free.
            value: numbers of any shape, rounded to ``dtype``.
            dtype: ONNX element type.
        """
        name = self.fresh(name)
        self.proto.graph.initializer.append(_tensor(name, value, dtype))
        return name

    def threshold(self, stem: str, value: float, dtype: int) -> str:
        """Store one number as ``STEM_threshold``; returns the name.

        Args:
            stem: name of the value that the threshold belongs to.
            value: the threshold, rounded to ``dtype``.
            dtype: ONNX element type of the value.
        """
        return self.store(f"{stem}_threshold", np.array(value, np.float64), dtype)

    def beyond(self, dtype: int) -> str:
        """Name of the 0 of element type ``dtype``, which is stored at its first use."""
        zero = _tensor("", np.zeros((), np.float32), dtype)
        for tensor in self.proto.graph.initializer:
            if tensor.name.endswith(BEYOND) and tensor.data_type == dtype and not tensor.dims:
                return str(tensor.name)
        return self.store(BEYOND, numpy_helper.to_array(zero), dtype)


def readable(value: str, node: onnx.NodeProto) -> str:
    """The stem of the names of everything that is put around ``value``.

    Exporters append ``_output_0`` to the name of the node, or only count their values.

    Args:
        value: name of a value.
        node: the node that makes it.
    """
    stem = value.removesuffix("_output_0")
    return node.name if stem.isdigit() and node.name else stem


def drop_unread(graph: onnx.GraphProto, among: Collection[str] | None = None) -> None:
    """Remove initializers that nothing reads any more, in place.

    Args:
        graph: changed in place; what its sub-graphs read counts as read, outputs do as well.
        among: names of those that may be removed; None: any.
    """
    read = {name for node in graph.node for name in reads(node)}
    read |= {output.name for output in graph.output}
    removable = {t.name for t in graph.initializer} if among is None else set(among)
    kept = [t for t in graph.initializer if t.name in read or t.name not in removable]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _tensor(name: str, value: npt.NDArray[np.generic], dtype: int) -> onnx.TensorProto:
    array = np.asarray(value).astype(helper.tensor_dtype_to_np_dtype(dtype))
    return helper.make_tensor(name, dtype, array.shape, array.tobytes(), raw=True)
