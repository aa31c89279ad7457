"""The written file on ONNX Runtime, beside the trained network in torch: image by image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.answers import Failure
from analyzer.errors import CannotQuantize
from analyzer.runtime.ort.device import CPU
from analyzer.runtime.ort.int8_sums import Int8Sums, int8_sums
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.qat.deployed import CHANNELS, PAIRS
from exporters.qat.shapes import SHAPES

EXACT = frozenset(
    {*CHANNELS, *PAIRS, *SHAPES, "AveragePool", "GlobalAveragePool", "MaxPool", "Relu", "Clip"}
)
"""Operators whose codes are ONNX Runtime's own, to the bit."""


@dataclass(frozen=True)
class Agreement:
    """The images that the file answers as the network did in training's own evaluation.

    Attributes:
        images: Images that both answered.
        differing: Images in whose highest score the file differs from torch's integer arithmetic.
        scores_differing: Images of which any score differs at all.
        simulation_differing: Images in whose highest score the file differs from the arithmetic
            that training uses, fake quantization on floats.
        float_operators: Operators of the network that ONNX Runtime computes on floats, or by a
            formula of its own: there torch and ONNX Runtime may round to neighbouring codes.
        saturating: True if this processor's fast kernels saturate, so that ONNX Runtime was asked
            for its exact ones, as ``--precise-int8`` does.
    """

    images: int
    differing: int
    scores_differing: int
    simulation_differing: int
    float_operators: tuple[str, ...]
    saturating: bool

    @property
    def sentence(self) -> str:
        """The finding, for people."""
        alike = self.images - self.differing
        text = f"ONNX Runtime decides {alike:,} of {self.images:,} images as torch does"
        if self.differing:
            text += f", the other {self.differing:,} otherwise: {self._cause}"
        return text

    @property
    def _cause(self) -> str:
        if not self.float_operators:
            return "the kernels of this processor round in another order"
        return (
            f"{', '.join(self.float_operators)} compute on floats, where the two libraries round "
            "differently"
        )


def compare(network: Any, model: onnx.ModelProto, evaluate: Callable[[], object]) -> Agreement:
    """Run a trained network and its file on the same images.

    Args:
        network: of `exporters.qat.network.make_network`; left in evaluation mode.
        model: of `exporters.qat.written.written`.
        evaluate: runs the network on all images, batch by batch.

    Raises:
        CannotQuantize: ONNX Runtime cannot run the file.
    """
    saturating = int8_sums(CPU) is Int8Sums.SATURATING
    device = replace(CPU, precise_int8=saturating)
    session = open_session(model, session_options(device=device), device)
    counts = np.zeros(4, np.int64)

    def beside(_: Any, given: tuple[Any, ...], integers: Any) -> None:
        result = run_session(session, {network.input: given[0].cpu().numpy()})
        if isinstance(result, Failure):
            raise CannotQuantize(f"ONNX Runtime cannot run the trained file: {result.message}")
        simulated = network.simulate(given[0]).cpu().numpy()
        counts[:] += _counted(np.asarray(result.outputs[0]), integers.cpu().numpy(), simulated)

    network.eval()
    hook = network.register_forward_hook(beside)
    try:
        evaluate()
    finally:
        hook.remove()
    images, differing, scores, simulated = (int(count) for count in counts)
    floats = tuple(sorted({step.op_type for step in network.steps} - EXACT))
    return Agreement(images, differing, scores, simulated, floats, saturating)


def _counted(
    found: npt.NDArray[Any], integers: npt.NDArray[Any], simulated: npt.NDArray[Any]
) -> npt.NDArray[np.int64]:
    """Images, those decided otherwise, those with any other score, those simulated otherwise."""
    decided = found.argmax(1)
    return np.array(
        [
            len(found),
            np.count_nonzero((decided != integers.argmax(1)).reshape(len(found), -1).any(1)),
            np.count_nonzero((found != integers).reshape(len(found), -1).any(1)),
            np.count_nonzero((decided != simulated.argmax(1)).reshape(len(found), -1).any(1)),
        ]
    )
