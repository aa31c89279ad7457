"""Are two values on a device the same, bit for bit? Asked there: the answer alone comes here."""

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx.helper import (
    make_graph,
    make_model,
    make_node,
    make_opsetid,
    make_tensor_value_info,
    tensor_dtype_to_np_dtype,
)

from analyzer.runtime.device.io_binding import DeviceValue
from analyzer.runtime.device.memory import WORD
from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.device_failures import on_device
from analyzer.runtime.ort.session import new_session, session_options
from analyzer.runtime.stretches.cuts import Floats
from analyzer.runtime.stretches.profile import RUNS, take_records, times_of_runs

LONGEST = 2**31 - 1
"""Words, counted in 32 bits by some kernels."""


class DeviceComparison:
    """Compares values as words, so that NaN equals itself and 0 is not -0."""

    def __init__(self, device: Device, profile: Path | None = None) -> None:
        """Open the session.

        Args:
            device: where the values are.
            profile: begin of the name of a file that ONNX Runtime writes when profiling ends.
        """
        self._device = device
        options = session_options(device=device)
        if profile is not None:
            options.enable_profiling, options.profile_file_prefix = True, str(profile)
        with on_device(device):
            self.session = new_session(_comparing_model(), options, device)
        self._binding = self.session.io_binding()

    def same(self, one: DeviceValue, other: DeviceValue) -> bool:
        """Whether they are equal; no, where that cannot be told on the device.

        Args:
            one: a value.
            other: a value of the same element type.

        Raises:
            DeviceFailed: the device has not enough memory, or failed.
        """
        words = _words(one)
        if words is None or list(one.shape()) != list(other.shape()):
            return False
        if words == 0:
            return True
        where = self._device.memory, self._device.index
        with on_device(self._device):
            for name, value in (("a", one), ("b", other)):
                place = int(value.data_ptr())
                self._binding.bind_input(name, *where, np.int32, [words], place)
            self._binding.clear_binding_outputs()
            self._binding.bind_output("least", "cpu")
            self.session.run_with_iobinding(self._binding)
            return bool(self._binding.get_outputs()[0].numpy()[0] == 1.0)


def _words(value: DeviceValue) -> int | None:
    """Length of a value in words; None if it is not made of some."""
    count = math.prod(value.shape())
    try:
        size = count * tensor_dtype_to_np_dtype(int(value.element_type())).itemsize
    except KeyError:
        return None
    return None if size % WORD or size // WORD > LONGEST else size // WORD


def seconds_to_compare(values: Sequence[Sequence[DeviceValue]], device: Device) -> Floats:
    """What comparing each group of values with others takes, float64 (groups,).

    Raises:
        DeviceFailed: the device has not enough memory, or failed.
    """
    with tempfile.TemporaryDirectory(prefix="relcheck-") as folder:
        comparison = DeviceComparison(device, Path(folder, "profile"))
        flat = [value for group in values for value in group if _words(value)]
        for value in flat:
            for _ in range(RUNS):
                comparison.same(value, value)
        times = times_of_runs(take_records(comparison.session))
    quickest = iter([min(times[i : i + RUNS]) for i in range(0, len(times), RUNS)])
    return np.array([sum(next(quickest) for v in group if _words(v)) for group in values], float)


def _comparing_model() -> onnx.ModelProto:
    """``least`` is 1 where all words of ``a`` and ``b`` are equal, else 0."""
    inputs = [make_tensor_value_info(name, onnx.TensorProto.INT32, ["N"]) for name in "ab"]
    nodes = [
        make_node("Equal", ["a", "b"], ["equal"]),
        make_node("Cast", ["equal"], ["number"], to=onnx.TensorProto.FLOAT),
        make_node("ReduceMin", ["number"], ["least"], axes=[0], keepdims=1),
    ]
    outputs = [make_tensor_value_info("least", onnx.TensorProto.FLOAT, [1])]
    graph = make_graph(nodes, "compare", inputs, outputs)
    return make_model(graph, opset_imports=[make_opsetid("", 13)], ir_version=8)
