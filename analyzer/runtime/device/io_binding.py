"""Sessions whose weights are inputs that point into a device's memory, and are read at every run.

ONNX Runtime offers no way to change an initializer that it keeps on a device. An input is bound by
address, and kernels read whatever the memory there holds when a run begins.
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
"""A value for each input, on the device or on the host."""


def _weights_as_inputs(stripped: onnx.ModelProto) -> onnx.ModelProto:
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
    """A session of a stripped model, or of a part of one, whose weights are in a device's memory.

    Attributes:
        session: The session.
        inputs: Names of the inputs that are no weights.
        outputs: Names of the outputs.
    """

    def __init__(
        self, stripped: onnx.ModelProto, memory: DeviceMemory, profile: Path | None = None
    ) -> None:
        """Open the session, and bind its weights.

        Args:
            stripped: a stripped model; it is not optimized any further.
            memory: the memory that holds the contents of its empty initializers.
            profile: begin of the name of a file that ONNX Runtime writes when profiling ends.

        Raises:
            DeviceFailed: the device failed. Whatever else ONNX Runtime raises where a weight cannot
                be an input passes unchanged.
        """
        self._memory, self._device = memory, memory.device
        self._where = self._device.memory, self._device.index
        options = session_options(optimize=False, device=self._device)
        if profile is not None:
            options.enable_profiling, options.profile_file_prefix = True, str(profile)
        with raising_device_failures(self._device):
            self.session = new_session(_weights_as_inputs(stripped), options, self._device)
        self._binding = self.session.io_binding()
        # Bound once: the addresses stay, and kernels read whatever stands there at each run.
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
        """Run once, and leave some outputs on the device; the others are brought to the host.

        Args:
            feeds: a value for each input that is no weight.
            stay: names of the outputs that stay on the device.

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
        except Exception as error:  # ONNX Runtime's exceptions share no narrower base class
            binding.clear_binding_outputs()  # or a later run would write to outputs of this one
            failure = Failure(short_reason(error))
            check_device(failure, self._device)
            return failure

    def _feed(self, name: str, value: DeviceValue | npt.NDArray[Any]) -> None:
        if isinstance(value, np.ndarray):
            self._binding.bind_cpu_input(name, np.ascontiguousarray(value))
        else:
            self._binding.bind_ortvalue_input(name, value)


def _taken(binding: ort.IOBinding) -> list[DeviceValue]:
    """The outputs of a run, no longer tied to the binding.

    `IOBinding.get_outputs` of older versions gives references into the binding's own list.
    """
    made = binding.get_outputs_as_ortvaluevector()
    values = [ort.OrtValue(made[i]) for i in range(len(made))]
    binding.clear_binding_outputs()  # or it would keep them, too
    return values


def copy_to_device(feeds: Feeds, memory: DeviceMemory) -> dict[str, DeviceValue]:
    """Copy inputs to the device, so that runs need not bring them there each time.

    Args:
        feeds: an array for each input.
        memory: tells the device.
    """
    device = memory.device
    return {name: _held(array, device.memory, device.index) for name, array in feeds.items()}


def _held(array: npt.NDArray[Any], memory: str, index: int) -> DeviceValue:
    if memory == "cpu":  # where a value would share the array's memory
        array = array.copy()
    return ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), memory, index)
