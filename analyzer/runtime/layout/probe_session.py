"""A model loaded with other contents, without writing it anew: ONNX Runtime is handed the arrays.

To serialize, parse and copy hundreds of megabytes takes longer than to optimize them.
"""

from collections.abc import Mapping, Sequence

import onnx
import onnxruntime as ort

from analyzer.faults.elements import Values, to_raw
from analyzer.model import AtRisk
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.optimized_graph import (
    LEAST_EXTERNAL,
    OptimizedModel,
    optimize,
    replace_values,
)
from analyzer.runtime.ort.shared_initializers import as_ort_values, strip_initializers


class ProbeOptimizer:
    """One model, whose tensors at risk are given other contents."""

    def __init__(
        self, proto: onnx.ModelProto, tensors: Sequence[AtRisk], device: Device = CPU
    ) -> None:
        """Keep what ``proto`` says besides the contents of ``tensors``.

        Args:
            proto: the model.
            tensors: those whose contents may change, with their golden contents, whatever
                ``proto`` has in them.
            device: for which it is optimized.
        """
        self._device = device
        self._tensors = {t.name: t for t in tensors}
        self._large = {
            t.name: t.values
            for t in tensors
            if t.values.nbytes >= LEAST_EXTERNAL and _is_taken(t.values)
        }
        self._stripped = strip_initializers(OptimizedModel(proto, {}), self._large)

    def optimized(self, contents: Mapping[str, Values]) -> OptimizedModel:
        """What ONNX Runtime makes of the model with ``contents``, by tensor; golden in the others.

        Raises whatever ONNX Runtime raises if it cannot load that.
        """
        values = {name: contents.get(name, t.values) for name, t in self._tensors.items()}
        large = {name: values.pop(name) for name in self._large}
        raw = {name: to_raw(value, self._tensors[name].element) for name, value in values.items()}
        return optimize(replace_values(self._stripped, raw), self._device, as_ort_values(large))


def _is_taken(values: Values) -> bool:
    """Whether ONNX Runtime takes such an array; it knows fewer types of them than of tensors."""
    try:
        ort.OrtValue.ortvalue_from_numpy(values)
    except Exception:  # ONNX Runtime's exceptions share no narrower base class.
        return False
    return True
