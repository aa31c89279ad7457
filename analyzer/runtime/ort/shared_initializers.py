"""Sessions that read weights from memory which is not theirs.

The weights are handed over as `OrtValue`s, so that the file need not hold them. ONNX Runtime
insists on data of the right size all the same: a stripped model says that they lie in another file
beside it, which has that size, is never read, and takes no room on the disk. A session thus costs
neither a copy of the weights nor time to parse them.
"""

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

from analyzer.answers import Feeds, Result
from analyzer.faults.elements import Values
from analyzer.runtime.ort.optimized_graph import OptimizedModel
from analyzer.runtime.ort.session import load_session, run_session, session_options

SharedInitializers = Mapping[str, ort.OrtValue]

HOLE = "weights"


def as_ort_values(buffers: Mapping[str, Values]) -> dict[str, ort.OrtValue]:
    """``buffers`` as values that share their memory.

    Raises whatever ONNX Runtime raises where it takes no buffer of that type.
    """
    return {name: ort.OrtValue.ortvalue_from_numpy(buffer) for name, buffer in buffers.items()}


def strip_initializers(optimized: OptimizedModel, names: Mapping[str, object]) -> onnx.ModelProto:
    """A copy of an optimized model whose initializers in ``names``, and no others, are empty."""
    copy, graph = without_graph(optimized.proto), optimized.proto.graph
    copy.graph.name = graph.name
    for field in ("node", "input", "output", "value_info", "sparse_initializer"):
        getattr(copy.graph, field).extend(getattr(graph, field))
    for tensor in graph.initializer:
        if tensor.name in names:
            _describe(tensor, copy.graph.initializer.add())
        else:
            _fill(copy.graph.initializer.add(), tensor, optimized)
    return copy


def _fill(target: onnx.TensorProto, tensor: onnx.TensorProto, optimized: OptimizedModel) -> None:
    """Make ``target`` what ``tensor`` is, with its data."""
    if not tensor.external_data:
        target.CopyFrom(tensor)
        return
    target.name, target.data_type = tensor.name, tensor.data_type
    target.dims.extend(tensor.dims)
    target.raw_data = optimized.slots[tensor.name].tobytes()  # large ones have whole bytes


def without_graph(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What ``proto`` says besides its graph."""
    head = onnx.ModelProto(ir_version=proto.ir_version)
    head.opset_import.extend(proto.opset_import)
    head.functions.extend(proto.functions)
    return head


def _describe(tensor: onnx.TensorProto, stripped: onnx.TensorProto) -> None:
    """Make ``stripped`` what ``tensor`` is, with its data in the hole."""
    stripped.name, stripped.data_type = tensor.name, tensor.data_type
    stripped.dims.extend(tensor.dims)
    stripped.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", HOLE), ("offset", "0"), ("length", str(_size(tensor)))):
        stripped.external_data.add(key=key, value=value)


def _size(tensor: onnx.TensorProto) -> int:
    """Bytes of ``tensor``; its elements are whole bytes, for others cannot be ort_values."""
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
    return int(math.prod(tensor.dims) * dtype.itemsize)


@dataclass(frozen=True, slots=True)
class SharedSession:
    """A session, and what it reads: ONNX Runtime borrows both, so they must live as long."""

    session: ort.InferenceSession
    values: tuple[ort.OrtValue, ...]

    def run(self, feeds: Feeds) -> Result:
        """Run once with the present contents of the buffers."""
        return run_session(self.session, feeds)


def open_shared_session(
    stripped: onnx.ModelProto,
    ort_values: SharedInitializers,
    profile: Path | None = None,
    in_order: bool = False,
    pack: bool = False,
) -> SharedSession:
    """A session that reads what is ``ort_values`` at every run.

    Args:
        stripped: a stripped model, or a part of one; it is not optimized any further.
        ort_values: the values of its empty initializers, and perhaps of others.
        profile: begin of the name of a file that ONNX Runtime writes when profiling ends.
        in_order: nodes run as soon as they can. By default ONNX Runtime goes backward from the
            results, and computes those of which nothing else depends at the very end, when what
            they read has left the processor's cache.
        pack: whether it copies constant weights, packed, when it is created.
    """
    options = session_options(optimize=False, pack=pack)
    if in_order:
        options.execution_order = ort.ExecutionOrder.PRIORITY_BASED
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, str(profile)
    used = {t.name: ort_values[t.name] for t in stripped.graph.initializer if t.external_data}
    for name, value in used.items():
        options.add_initializer(name, value)
    sizes = [_size(t) for t in stripped.graph.initializer if t.external_data]
    with tempfile.TemporaryDirectory(prefix="relcheck-") as folder:
        with Path(folder, HOLE).open("wb") as hole:
            hole.truncate(max(sizes, default=0))
        path = Path(folder, "stripped.onnx")
        path.write_bytes(stripped.SerializeToString())
        return SharedSession(load_session(path, options), tuple(used.values()))


@dataclass(frozen=True, slots=True)
class LiveWeights:
    """What sessions read, twice.

    Attributes:
        ort_values: As ONNX Runtime's values, by the name of the initializer.
        memory: The same memory as arrays.
    """

    ort_values: SharedInitializers
    memory: Mapping[str, Values]
