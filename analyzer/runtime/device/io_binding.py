"""Sessions whose weights are inputs that point into a device's memory: read at every run.

ONNX Runtime lets no one change an initializer that it keeps on a device. An input is not its own:
it is bound by address, and what stands there when a run begins is what kernels read.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from analyzer.answers import Answer, Failure, Feeds, Result
from analyzer.runtime.device.memory import DeviceMemory
from analyzer.runtime.ort.device_failures import check_device, raising_device_failures
from analyzer.runtime.ort.session import new_session, session_options, short_reason
from analyzer.runtime.ort.shared_initializers import without_graph

DeviceValue: TypeAlias = ort.OrtValue
"""A value on the device."""

DeviceFeeds = Mapping[str, DeviceValue | npt.NDArray[Any]]


def weights_as_inputs(stripped: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of a stripped model whose empty initializers are inputs."""
    copy, graph = without_graph(stripped), stripped.graph
    copy.graph.name = graph.name
    for field in ("node", "input", "output", "value_info", "sparse_initializer"):
        getattr(copy.graph, field).extend(getattr(graph, field))
    known = {value.name for value in graph.input}
    for tensor in graph.initializer:
        if not tensor.external_data:
            copy.graph.initializer.add().CopyFrom(tensor)
        elif tensor.name not in known:
            value = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            copy.graph.input.append(value)
    return copy


class BoundSession:
    """A session of a stripped model, or of a part of one, on a device."""

    def __init__(
        self, stripped: onnx.ModelProto, memory: DeviceMemory, profile: Path | None = None
    ) -> None:
        """Open it, and bind the weights.

        Args:
            stripped: a stripped model; it is not optimized any further.
            memory: where the contents of its empty initializers are.
            profile: begin of the name of a file that ONNX Runtime writes when profiling ends.

        Raises whatever ONNX Runtime raises where it takes no such input, and `DeviceFailed`.
        """
        self._memory, self._device = memory, memory.device
        self._where = self._device.memory, self._device.index
        options = session_options(optimize=False, device=self._device)
        if profile is not None:
            options.enable_profiling, options.profile_file_prefix = True, str(profile)
        with raising_device_failures(self._device):
            self.session = new_session(weights_as_inputs(stripped), options, self._device)
        self._binding = self.session.io_binding()
        weights = {t.name: t for t in stripped.graph.initializer if t.external_data}
        for name, tensor in weights.items():
            place = memory.address(name)
            shape = list(tensor.dims)
            self._binding.bind_input(name, *self._where, int(tensor.data_type), shape, place)
        taken = (value.name for value in self.session.get_inputs())
        self.inputs = tuple(name for name in taken if name not in weights)
        self.outputs = tuple(value.name for value in self.session.get_outputs())

    def run(self, feeds: DeviceFeeds) -> Result:
        """Run once with the present contents of the memory; the answer is on the host.

        Raises:
            DeviceFailed: not the model, but the device failed.
        """
        made = self.run_keeping(feeds, ())
        if isinstance(made, Failure):
            return made
        return Answer(tuple(np.array(made[name].numpy()) for name in self.outputs))

    def run_keeping(
        self, feeds: DeviceFeeds, stay: Sequence[str]
    ) -> dict[str, DeviceValue] | Failure:
        """Run once; outputs named in ``stay`` are left on the device, others brought to the host.

        Raises:
            DeviceFailed: not the model, but the device failed.
        """
        binding = self._binding
        try:
            for name in self.inputs:
                self._feed(name, feeds[name])
            for name in self.outputs:
                binding.bind_output(name, *(self._where if name in stay else ("cpu", 0)))
            self.session.run_with_iobinding(binding)
            return dict(zip(self.outputs, _taken(binding), strict=True))
        except Exception as error:  # see session.open_session
            binding.clear_binding_outputs()
            failure = Failure(short_reason(error))
            check_device(failure, self._device)
            return failure

    def _feed(self, name: str, value: DeviceValue | npt.NDArray[Any]) -> None:
        if isinstance(value, np.ndarray):
            self._binding.bind_cpu_input(name, np.ascontiguousarray(value))
        else:
            self._binding.bind_ortvalue_input(name, value)


def _taken(binding: ort.IOBinding) -> list[DeviceValue]:
    """What a run made, no longer tied to the binding.

    `IOBinding.get_outputs` of older versions gives references into the binding's own list.
    """
    made = binding.get_outputs_as_ortvaluevector()
    values = [ort.OrtValue(made[i]) for i in range(len(made))]
    binding.clear_binding_outputs()  # or it would keep them, too
    return values


def copy_to_device(feeds: Feeds, memory: DeviceMemory) -> dict[str, DeviceValue]:
    """Copies of inputs on the device, so that runs need not bring them there each time."""
    device = memory.device
    return {name: _held(array, device.memory, device.index) for name, array in feeds.items()}


def _held(array: npt.NDArray[Any], memory: str, index: int) -> DeviceValue:
    if memory == "cpu":  # where a value would share the array's memory
        array = array.copy()
    return ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), memory, index)
