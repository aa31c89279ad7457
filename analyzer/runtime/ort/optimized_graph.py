"""What ONNX Runtime makes of a model: its optimized graph, as data that can be compared."""

import mmap
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

from analyzer.faults.elements import Values
from analyzer.graph.walk import graph_tensors, sub_graphs
from analyzer.memory.array_file import PIECE, first_difference, leave
from analyzer.memory.scratch import SCRATCH
from analyzer.model.element_types import ELEMENT_OF
from analyzer.model.inventory import values_of
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.memcpy_nodes import drop_copies
from analyzer.runtime.ort.session import new_session, session_options


@dataclass(frozen=True)
class OptimizedModel:
    """One model after ONNX Runtime's optimizer.

    Attributes:
        proto: The optimized model, which needs no further optimization; larger initializers have
            no content in it.
        slots: Values of its initializers, by name, of the element types that can hold weights;
            read-only. Those of large models stay in a file that is mapped, not in memory.
    """

    proto: onnx.ModelProto
    slots: dict[str, Values]

    @cached_property
    def structure(self) -> tuple[object, ...]:
        """Everything but the values of the initializers: equal for equal computations."""
        nodes = tuple(_node_key(n) for n in self.proto.graph.node)
        shapes = tuple(sorted((t.name, t.data_type, tuple(t.dims)) for t in self._stored()))
        return nodes, shapes

    @cached_property
    def hidden(self) -> dict[str, bytes]:
        """Its other stored tensors, which no buffer replaces: of other types, or in sub-graphs."""
        foreign = {t.name: t for t in self._stored() if t.data_type not in ELEMENT_OF}
        found = foreign | dict(_nested(self.proto.graph))
        return {key: t.SerializeToString(deterministic=True) for key, t in found.items()}

    def _stored(self) -> Iterator[onnx.TensorProto]:
        return iter(self.proto.graph.initializer)


DATA = "weights"
"""Name of the file beside the optimized one that holds what is large."""

LARGE = 1024
"""Bytes from which on data go there."""


def optimize(
    model: onnx.ModelProto | bytes,
    device: Device = CPU,
    lent: Mapping[str, ort.OrtValue] = MappingProxyType({}),
    use: Callable[[ort.InferenceSession], object] = lambda _: None,
) -> OptimizedModel:
    """Run ONNX Runtime's optimizer on a model and read back what it made for ``device``.

    Args:
        model: the model, or the bytes of its file.
        device: where it is to run.
        lent: contents of those of its initializers that say that they are in another file.
        use: called with the session in which the model was optimized, before that is closed.

    Raises whatever ONNX Runtime raises for a model that it cannot load.
    """
    size = sum(value.tensor_size_in_bytes() for value in lent.values())
    quick = SCRATCH.folder_for(size) if lent else None  # a probe, which is soon forgotten
    with tempfile.TemporaryDirectory(prefix="relcheck-", dir=quick) as folder:
        target = Path(folder) / "optimized.onnx"
        options = session_options(device=device)
        options.optimized_model_filepath = str(target)
        beside = "session.optimized_model_external_initializers_"
        options.add_session_config_entry(beside + "file_name", DATA)
        options.add_session_config_entry(beside + "min_size_in_bytes", str(LARGE))
        if lent:
            options.add_external_initializers(list(lent), list(lent.values()))
        use(new_session(model, options, device))
        optimized = onnx.ModelProto()
        optimized.ParseFromString(target.read_bytes())
        if not device.on_cpu:
            drop_copies(optimized.graph)
        content = _mapped(Path(folder) / DATA)
    return _taken_apart(optimized, content)


def _mapped(path: Path) -> Values:
    """The bytes of a file, as long as anybody looks at them, even when it is gone."""
    if not path.is_file() or not path.stat().st_size:
        return np.zeros(0, np.uint8)
    with path.open("rb") as stream:
        return np.frombuffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)


def _taken_apart(proto: onnx.ModelProto, content: Values) -> OptimizedModel:
    slots: dict[str, Values] = {}
    for tensor in proto.graph.initializer:
        element = ELEMENT_OF.get(tensor.data_type)
        if tensor.external_data and element is not None and element.bits >= 8:
            slots[tensor.name] = _view(tensor, content, element.dtype)
            continue
        _take_in(tensor, content)
        if element is not None:
            values = values_of(tensor)
            values.flags.writeable = False
            slots[tensor.name] = values
    for node in proto.graph.node:
        for sub in sub_graphs(node):
            for nested in graph_tensors(sub):
                _take_in(nested, content)
    return OptimizedModel(proto, {name: v for name, v in slots.items() if v.size})


def _place(tensor: onnx.TensorProto) -> slice:
    """Which bytes of the file beside are those of ``tensor``."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    start = int(entries.get("offset", "0"))
    return slice(start, start + int(entries["length"]))


def _view(tensor: onnx.TensorProto, content: Values, dtype: np.dtype[Any]) -> Values:
    stored = content[_place(tensor)]
    if stored.ctypes.data % dtype.itemsize:
        stored = stored.copy()
    return stored.view(dtype).reshape(tuple(tensor.dims))


def _take_in(tensor: onnx.TensorProto, content: Values) -> None:
    """Put the data of ``tensor`` into the tensor."""
    if tensor.external_data:
        tensor.raw_data = content[_place(tensor)].tobytes()
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")


def _nested(graph: onnx.GraphProto) -> Iterator[tuple[str, onnx.TensorProto]]:
    """Initializers of the sub-graphs of ``graph``, under names that no initializer of it has."""
    for node in graph.node:
        for number, sub in enumerate(sub_graphs(node)):
            place = f"sub-graph {number} of {next(iter(node.output), '')}"
            yield from ((f"{t.name} in {place}", t) for t in sub.initializer)
            yield from ((f"{name}, {place}", t) for name, t in _nested(sub))


def _node_key(node: onnx.NodeProto) -> tuple[object, ...]:
    attributes = sorted((a.name, a.SerializeToString(deterministic=True)) for a in node.attribute)
    subs = tuple(tuple(_node_key(n) for n in g.node) for g in sub_graphs(node))
    return (node.op_type, node.domain, *node.input, "->", *node.output, *attributes, subs)


def replace_values(proto: onnx.ModelProto, raw: dict[str, bytes]) -> onnx.ModelProto:
    """A copy of ``proto`` with the bytes of some initializers replaced."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for tensor in copy.graph.initializer:
        if tensor.name in raw:
            for field in ("float_data", "double_data", "int32_data"):
                tensor.ClearField(field)
            tensor.raw_data = raw[tensor.name]
    return copy


def changed(model: OptimizedModel, golden: OptimizedModel) -> set[str]:
    """Names of the stored tensors, hidden ones included, that differ between like models."""
    slots = set()
    for name, values in golden.slots.items():
        if not same_values(model.slots[name], values):
            slots.add(name)
        if values.nbytes >= PIECE:  # both models are mapped, and in memory where looked at
            leave(values)
            leave(model.slots[name])
    return slots | {n for n, raw in golden.hidden.items() if model.hidden.get(n) != raw}


def same_values(a: Values, b: Values) -> bool:
    """Equal dtype, shape and bytes."""
    alike = a.dtype == b.dtype and a.shape == b.shape
    return alike and first_difference(_bytes(a), _bytes(b)) is None


def _bytes(values: Values) -> Values:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)
