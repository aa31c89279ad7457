"""Sessions that read weights from memory which this process owns and changes.

The weights are handed over as `OrtValue`s ("external initializers" in ONNX Runtime's words), so the
model file need not hold them. ONNX Runtime insists on data of the right size all the same. So a
stripped model says that the data are in a file beside it; that file has the right size, is never
read, and takes no room on the disk. A session thus costs neither a copy of the weights nor the time
to parse them.
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
"""Values that share memory of this process, by the name of the initializer."""

PLACEHOLDER = "weights"
"""Name of the file that a stripped model says its data are in."""


def as_ort_values(buffers: Mapping[str, Values]) -> dict[str, ort.OrtValue]:
    """Wrap arrays as values of ONNX Runtime that share the arrays' memory.

    Raises whatever ONNX Runtime raises where it takes no buffer of an array's dtype.
    """
    return {name: ort.OrtValue.ortvalue_from_numpy(buffer) for name, buffer in buffers.items()}


def is_bindable(values: Values) -> bool:
    """True if ONNX Runtime takes a buffer of this dtype; tensors may be of more types."""
    try:
        ort.OrtValue.ortvalue_from_numpy(values)
    except Exception:  # ONNX Runtime's exceptions share no narrower base class.
        return False
    return True


def strip_initializers(optimized: OptimizedModel, names: Mapping[str, object]) -> onnx.ModelProto:
    """Copy an optimized model without the data of some initializers.

    Args:
        optimized: the model.
        names: keys are the initializers that lose their data; all others have theirs in the copy.
    """
    copy, graph = without_graph(optimized.proto), optimized.proto.graph
    copy.graph.name = graph.name
    for field in ("node", "input", "output", "value_info", "sparse_initializer"):
        getattr(copy.graph, field).extend(getattr(graph, field))
    for tensor in graph.initializer:
        if tensor.name in names:
            _strip(tensor, copy.graph.initializer.add())
        else:
            _fill(copy.graph.initializer.add(), tensor, optimized)
    return copy


def _fill(target: onnx.TensorProto, tensor: onnx.TensorProto, optimized: OptimizedModel) -> None:
    """Make ``target`` a copy of ``tensor``, data included."""
    if not tensor.external_data:
        target.CopyFrom(tensor)
        return
    target.name, target.data_type = tensor.name, tensor.data_type
    target.dims.extend(tensor.dims)
    # Data of tensors whose elements are less than a byte are never external: no packing is needed.
    target.raw_data = optimized.slots[tensor.name].tobytes()


def without_graph(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A model with the versions, operator sets and functions of ``proto``, and an empty graph."""
    head = onnx.ModelProto(ir_version=proto.ir_version)
    head.opset_import.extend(proto.opset_import)
    head.functions.extend(proto.functions)
    return head


def _strip(tensor: onnx.TensorProto, target: onnx.TensorProto) -> None:
    """Make ``target`` a copy of ``tensor`` whose data are in the placeholder."""
    target.name, target.data_type = tensor.name, tensor.data_type
    target.dims.extend(tensor.dims)
    target.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", PLACEHOLDER), ("offset", "0"), ("length", str(_size(tensor)))):
        target.external_data.add(key=key, value=value)


def _size(tensor: onnx.TensorProto) -> int:
    """Bytes of ``tensor``; ONNX Runtime shares only tensors whose elements are whole bytes."""
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
    return int(math.prod(tensor.dims) * dtype.itemsize)


@dataclass(frozen=True, slots=True)
class SharedSession:
    """A session together with the values that it reads.

    ONNX Runtime keeps no reference to the values, so they must live as long as the session.

    Attributes:
        session: The session.
        values: The values whose memory it reads.
    """

    session: ort.InferenceSession
    values: tuple[ort.OrtValue, ...]

    def run(self, feeds: Feeds) -> Result:
        """Run once with the present contents of the shared memory."""
        return run_session(self.session, feeds)


def open_shared_session(
    stripped: onnx.ModelProto,
    ort_values: SharedInitializers,
    profile: Path | None = None,
    in_order: bool = False,
    pack: bool = False,
) -> SharedSession:
    """Open a session that reads shared memory at every run.

    Args:
        stripped: a stripped model, or a part of one; it is not optimized any further.
        ort_values: the values of its empty initializers, and perhaps of others.
        profile: begin of the name of a file that ONNX Runtime writes when profiling ends.
        in_order: run nodes as soon as their inputs are there. By default ONNX Runtime goes backward
            from the results, and computes those of which nothing else depends at the very end, when
            their inputs have left the processor's cache.
        pack: let kernels copy constant weights, packed, when the session is created.
    """
    options = session_options(optimize=False, pack=pack)
    if in_order:
        options.execution_order = ort.ExecutionOrder.PRIORITY_BASED
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, str(profile)
    empty = [tensor for tensor in stripped.graph.initializer if tensor.external_data]
    used = {tensor.name: ort_values[tensor.name] for tensor in empty}
    for name, value in used.items():
        options.add_initializer(name, value)
    with tempfile.TemporaryDirectory(prefix="relcheck-") as folder:
        with Path(folder, PLACEHOLDER).open("wb") as placeholder:
            # All tensors begin at offset 0, so that the file is as large as the largest of them.
            placeholder.truncate(max(map(_size, empty), default=0))
        path = Path(folder, "stripped.onnx")
        path.write_bytes(stripped.SerializeToString())
        return SharedSession(load_session(path, options), tuple(used.values()))


@dataclass(frozen=True, slots=True)
class LiveWeights:
    """The live weights in both forms.

    Attributes:
        ort_values: As ONNX Runtime's values, by the name of the initializer.
        arrays: As arrays in the same memory.
    """

    ort_values: SharedInitializers
    arrays: Mapping[str, Values]
