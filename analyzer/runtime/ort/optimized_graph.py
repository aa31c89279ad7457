"""Optimized graphs: the output of ONNX Runtime's optimizer, as data that can be compared."""

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

from analyzer.answers import same_bytes
from analyzer.faults.elements import Values
from analyzer.graph.walk import graph_tensors, sub_graphs
from analyzer.memory.array_file import PIECE, leave
from analyzer.memory.scratch import SCRATCH
from analyzer.model.element_types import ELEMENT_OF
from analyzer.model.inventory import values_of
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.memcpy_nodes import drop_memcpy_nodes
from analyzer.runtime.ort.session import new_session, session_options


@dataclass(frozen=True)
class OptimizedModel:
    """One model after ONNX Runtime's optimizer.

    Attributes:
        proto: The optimized model, which needs no further optimization; its larger initializers
            have no data.
        slots: Read-only values of the initializers, by name, of the element types that can hold
            weights. Larger ones are views of a mapped file, not memory of this process.
    """

    proto: onnx.ModelProto
    slots: dict[str, Values]

    @cached_property
    def structure(self) -> tuple[object, ...]:
        """Nodes, and types and shapes of initializers; equal in models that compute alike."""
        nodes = tuple(_node_key(n) for n in self.proto.graph.node)
        shapes = tuple(sorted((t.name, t.data_type, tuple(t.dims)) for t in self._stored()))
        return nodes, shapes

    @cached_property
    def hidden(self) -> dict[str, bytes]:
        """Stored tensors that are not in `slots`, serialized: of other types, or in sub-graphs."""
        foreign = {t.name: t for t in self._stored() if t.data_type not in ELEMENT_OF}
        found = foreign | dict(_nested(self.proto.graph))
        return {key: t.SerializeToString(deterministic=True) for key, t in found.items()}

    def _stored(self) -> Iterator[onnx.TensorProto]:
        return iter(self.proto.graph.initializer)


DATA = "weights"
"""Name of the file beside the optimized model that holds data of larger tensors."""

LEAST_EXTERNAL = 1024
"""Bytes from which on a tensor's data go into that file."""


def optimize(
    model: onnx.ModelProto | bytes,
    device: Device = CPU,
    ort_values: Mapping[str, ort.OrtValue] = MappingProxyType({}),
    use: Callable[[ort.InferenceSession], object] = lambda _: None,
    pack: bool = False,
) -> OptimizedModel:
    """Run ONNX Runtime's optimizer on a model and read the optimized model back.

    Args:
        model: the model, or the bytes of its file.
        device: where the model is to run; the optimizer's result depends on it.
        ort_values: contents of the initializers of ``model`` whose data are external.
        use: called with the session that optimized the model, before the session is closed.
        pack: let that session pack weights, as a default session does; it costs time.

    Raises whatever ONNX Runtime raises for a model that it cannot load.
    """
    size = sum(value.tensor_size_in_bytes() for value in ort_values.values())
    # Models with external data are probes, which are soon forgotten: memory is quicker than a disk.
    quick = SCRATCH.folder_for(size) if ort_values else None
    with tempfile.TemporaryDirectory(prefix="relcheck-", dir=quick) as folder:
        target = Path(folder) / "optimized.onnx"
        options = session_options(device=device, pack=pack)
        options.optimized_model_filepath = str(target)
        beside = "session.optimized_model_external_initializers_"
        options.add_session_config_entry(beside + "file_name", DATA)
        options.add_session_config_entry(beside + "min_size_in_bytes", str(LEAST_EXTERNAL))
        if ort_values:
            options.add_external_initializers(list(ort_values), list(ort_values.values()))
        use(new_session(model, options, device))
        optimized = onnx.ModelProto()
        optimized.ParseFromString(target.read_bytes())
        if not device.on_cpu:
            drop_memcpy_nodes(optimized.graph)
        content = _mapped(Path(folder) / DATA)
    return _with_slots(optimized, content)


def _mapped(path: Path) -> Values:
    """The bytes of a file, mapped: they stay readable after the file is removed."""
    if not path.is_file() or not path.stat().st_size:
        return np.zeros(0, np.uint8)
    with path.open("rb") as stream:
        return np.frombuffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)


def _with_slots(proto: onnx.ModelProto, content: Values) -> OptimizedModel:
    slots: dict[str, Values] = {}
    for tensor in proto.graph.initializer:
        element = ELEMENT_OF.get(tensor.data_type)
        if tensor.external_data and element is not None and element.bits >= 8:
            slots[tensor.name] = _view(tensor, content, element.dtype)
            continue
        _load_data(tensor, content)
        if element is not None:
            values = values_of(tensor)
            values.flags.writeable = False
            slots[tensor.name] = values
    for node in proto.graph.node:
        for sub in sub_graphs(node):
            for nested in graph_tensors(sub):
                _load_data(nested, content)
    return OptimizedModel(proto, {name: v for name, v in slots.items() if v.size})


def _external_bytes(tensor: onnx.TensorProto) -> slice:
    """The range of bytes that ``tensor`` takes in the file of external data."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    start = int(entries.get("offset", "0"))
    return slice(start, start + int(entries["length"]))


def _view(tensor: onnx.TensorProto, content: Values, dtype: np.dtype[Any]) -> Values:
    stored = content[_external_bytes(tensor)]
    if stored.ctypes.data % dtype.itemsize:  # ONNX Runtime's kernels need aligned buffers
        stored = stored.copy()
    return stored.view(dtype).reshape(tuple(tensor.dims))


def _load_data(tensor: onnx.TensorProto, content: Values) -> None:
    """Copy external data of ``tensor`` into the message; ``content`` is the file of such data."""
    if tensor.external_data:
        tensor.raw_data = content[_external_bytes(tensor)].tobytes()
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")


def _nested(graph: onnx.GraphProto) -> Iterator[tuple[str, onnx.TensorProto]]:
    """Initializers of the sub-graphs of ``graph``, under names that tell the sub-graph.

    Such a name has spaces, so that no initializer of ``graph`` itself has the same.
    """
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
    """A copy of ``proto`` with the contents of some initializers replaced.

    Args:
        proto: the model.
        raw: little-endian bytes, by initializer.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for tensor in copy.graph.initializer:
        if tensor.name in raw:
            for field in ("float_data", "double_data", "int32_data"):
                tensor.ClearField(field)
            tensor.raw_data = raw[tensor.name]
    return copy


def changed(model: OptimizedModel, golden: OptimizedModel) -> set[str]:
    """Names of the stored tensors, `OptimizedModel.hidden` ones included, that differ.

    Args:
        model: an optimized model.
        golden: another one of equal `OptimizedModel.structure`.
    """
    slots = set()
    for name, values in golden.slots.items():
        if not same_bytes(model.slots[name], values):
            slots.add(name)
        if values.nbytes >= PIECE:  # pages of mapped files that were read count as our memory
            leave(values)
            leave(model.slots[name])
    return slots | {n for n, raw in golden.hidden.items() if model.hidden.get(n) != raw}
