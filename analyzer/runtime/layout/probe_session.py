"""Optimization of a model with other contents, which ONNX Runtime is handed as arrays.

To write the contents into the model would serialize, parse and copy hundreds of megabytes, which
takes longer than to optimize them.
"""

from collections.abc import Mapping, Sequence

import onnx

from analyzer.faults.elements import Values, to_raw
from analyzer.model import AtRisk
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.optimized_graph import (
    LEAST_EXTERNAL,
    OptimizedModel,
    optimize,
    replace_values,
)
from analyzer.runtime.ort.shared_initializers import (
    as_ort_values,
    is_bindable,
    strip_initializers,
)


class ProbeOptimizer:
    """One model, optimized again and again with other contents in some of its tensors."""

    def __init__(
        self, proto: onnx.ModelProto, tensors: Sequence[AtRisk], device: Device = CPU
    ) -> None:
        """Keep the model without the contents of ``tensors``.

        Args:
            proto: the model.
            tensors: the tensors whose contents may change, with their golden contents, whatever
                ``proto`` has in them.
            device: the device for which the model is optimized.
        """
        self._device = device
        self._tensors = {t.name: t for t in tensors}
        self._large = {
            t.name: t.values
            for t in tensors
            if t.values.nbytes >= LEAST_EXTERNAL and is_bindable(t.values)
        }
        self._stripped = strip_initializers(OptimizedModel(proto, {}), self._large)

    def optimized(self, contents: Mapping[str, Values]) -> OptimizedModel:
        """Optimize the model with other contents.

        Args:
            contents: values by tensor, in the tensor's dtype and shape; others stay golden.

        Raises whatever ONNX Runtime raises if it cannot load the model.
        """
        values = {name: contents.get(name, t.values) for name, t in self._tensors.items()}
        large = {name: values.pop(name) for name in self._large}
        raw = {name: to_raw(value, self._tensors[name].element) for name, value in values.items()}
        model = replace_values(self._stripped, raw)
        return optimize(model, self._device, as_ort_values(large))
