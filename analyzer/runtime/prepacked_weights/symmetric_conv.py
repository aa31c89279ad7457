"""The packing of weights by ONNX Runtime's quantized convolutions on x86, and what it adds up.

`QLinearConv` with int8 weights of zero point 0 runs in kernels for symmetric weights, whose packed
form is a mere move of bytes (ONNX Runtime, `MlasConvSymPackW`): blocks of 16 output channels, in
them kernel positions, in those groups of 4 input channels; depthwise: kernel positions, in them
channels. Beside it stands, for each output channel, bias - input zero point x sum of the weights.
Whether a session really packs so is found out by `packed.py`; nothing relies on it unseen.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.faults.elements import Values
from analyzer.runtime.stretches.cuts import reads

BLOCK, GROUP = 16, 4
"""Output channels, and input channels, that the packed form keeps together."""

_X_ZERO, _WEIGHTS, _W_ZERO, _BIAS = 2, 3, 5, 8
"""Input positions of `QLinearConv`."""


@dataclass(frozen=True, slots=True)
class SymmetricConv:
    """One convolution whose kernel is for symmetric weights.

    Attributes:
        weights: Name of its weights, int8 (outputs, inputs, ...).
        bias: Name of its bias, int32 (outputs,); empty: it has none.
        zeros: Name of the zero points of its weights.
        outputs: Output channels.
        inputs: Input channels of a group.
        taps: Kernel positions.
        depthwise: Whether each channel is a group of its own.
        shift: Zero point of its input.
    """

    weights: str
    bias: str
    zeros: str
    outputs: int
    inputs: int
    taps: int
    depthwise: bool
    shift: int

    @property
    def size(self) -> int:
        """Bytes of the packed weights."""
        outputs = self.outputs if self.depthwise else -(-self.outputs // BLOCK) * BLOCK
        return outputs * self.inputs * self.taps

    def pack(self, weights: Values, padding: int = 0) -> Values:
        """The packed form of the weights, int8 (size,).

        Args:
            weights: int8 (outputs, inputs, ...), as the graph has them.
            padding: the value of channels that fill up a block.
        """
        if self.depthwise:
            return np.ascontiguousarray(weights.reshape(self.outputs, self.taps).T).reshape(-1)
        blocks = -(-self.outputs // BLOCK)
        whole = np.full((blocks * BLOCK, self.inputs * self.taps), padding, np.int8)
        whole[: self.outputs] = weights.reshape(self.outputs, -1)
        apart = whole.reshape(blocks, BLOCK, self.inputs // GROUP, GROUP, self.taps)
        return np.ascontiguousarray(apart.transpose(0, 4, 2, 1, 3)).reshape(-1)

    def strides(self) -> tuple[int, int, int, int]:
        """Bytes from block to block, tap to tap, output to output; outputs of a block.

        Groups of input channels are `BLOCK` x `GROUP` bytes apart.
        """
        if self.depthwise:
            return 0, self.outputs, 1, self.outputs
        return BLOCK * self.inputs * self.taps, BLOCK * self.inputs, GROUP, BLOCK

    def offsets(self, weights: Values) -> npt.NDArray[np.int32]:
        """The sum added to each output because inputs have a zero point; int32 (outputs,)."""
        sums = weights.reshape(self.outputs, -1).sum(axis=1, dtype=np.int64)
        return np.asarray(-self.shift * sums, np.int64).astype(np.int32)


def find_symmetric_convs(
    graph: onnx.GraphProto, stored: Mapping[str, Values]
) -> list[SymmetricConv]:
    """The convolutions of ``graph`` that may run in kernels for symmetric weights.

    Args:
        graph: Optimized.
        stored: Golden values of its initializers.
    """
    readers = Counter(name for node in graph.node for name in reads(node))
    readers.update(value.name for value in graph.output)
    candidates = (_symmetric(node, stored) for node in graph.node if node.op_type == "QLinearConv")
    return [
        conv
        for conv in candidates
        if conv is not None and readers[conv.weights] == 1 and readers[conv.bias] <= 1
    ]


def _symmetric(node: onnx.NodeProto, stored: Mapping[str, Values]) -> SymmetricConv | None:
    names = [*node.input, *[""] * (_BIAS + 1 - len(node.input))]
    shift, weights, zeros, bias = (names[i] for i in (_X_ZERO, _WEIGHTS, _W_ZERO, _BIAS))
    if any(name not in stored for name in (shift, weights, zeros)) or (bias and bias not in stored):
        return None
    values = stored[weights]
    if values.dtype != np.int8 or values.ndim < 3 or stored[shift].size != 1:
        return None
    if stored[shift].dtype != np.uint8 or stored[zeros].any():
        return None
    groups = next((a.i for a in node.attribute if a.name == "group"), 1)
    outputs, inputs = values.shape[:2]
    depthwise = groups == outputs and inputs == 1 and groups > 1
    fits = groups % BLOCK == 0 if depthwise else groups == 1 and _whole(outputs, inputs)
    if not fits:
        return None
    taps = values.size // (outputs * inputs)
    point = int(stored[shift].reshape(-1)[0])
    return SymmetricConv(weights, bias, zeros, outputs, inputs, taps, depthwise, point)


def _whole(outputs: int, inputs: int) -> bool:
    return outputs >= BLOCK and outputs % 4 == 0 and inputs % GROUP == 0
