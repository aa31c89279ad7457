"""A stretch of the graph as a session of its own, and several of them in a chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from analyzer.answers import Failure
from analyzer.runtime.ort.session import Handles, run_handles
from analyzer.runtime.ort.shared_initializers import (
    SharedInitializers,
    SharedSession,
    open_shared_session,
)
from analyzer.runtime.stretches.golden_run import Arrays

Made = dict[str, npt.NDArray[Any]]


class Stretch(Protocol):
    """Nodes that follow one another, as something that runs."""

    def run(self, values: Arrays) -> Made | Failure:
        """Run the nodes with the present weights.

        Args:
            values: what passes the cut before them, by name.

        Returns:
            what the nodes return, by name.
        """


@dataclass(frozen=True, slots=True)
class SessionPart:
    """A stretch that is one session.

    Attributes:
        session: The session.
        inputs: Names of what it reads.
        outputs: Names of what it returns.
    """

    session: SharedSession
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def run(self, values: Arrays) -> Made | Failure:
        """Run the session."""
        result = self.session.run({name: values[name] for name in self.inputs})
        if isinstance(result, Failure):
            return result
        return dict(zip(self.outputs, result.outputs, strict=True))

    def run_handles(self, values: Handles) -> dict[str, ort.OrtValue] | Failure:
        """The same without copies."""
        feeds = {name: values[name] for name in self.inputs}
        return run_handles(self.session.session, feeds, self.outputs)


class Link(Protocol):
    """A part of a chain: nothing is copied on its way from one to the next."""

    def run(self, values: Handles) -> Handles | Failure:
        """As in `Stretch`."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Stretches that follow one another, as one.

    Attributes:
        pieces: In order.
        inputs: Names of what passes the cut before them.
        outputs: Names of what the chain returns.
    """

    pieces: tuple[Link, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def run(self, values: Arrays) -> Made | Failure:
        """Run all pieces."""
        known = handles_of({name: values[name] for name in self.inputs})
        for piece in self.pieces:
            made = piece.run(known)
            if isinstance(made, Failure):
                return made
            known.update(made)
        return {name: known[name].numpy() for name in self.outputs}


def handles_of(values: Arrays) -> dict[str, ort.OrtValue]:
    """``values`` as ONNX Runtime's, in the same memory."""
    handle = ort.OrtValue.ortvalue_from_numpy
    return {name: handle(np.ascontiguousarray(value)) for name, value in values.items()}


def session_part(
    part: onnx.ModelProto, ort_values: SharedInitializers, in_order: bool = False
) -> SessionPart:
    """Open a part of a stripped model.

    Args:
        part: the part, without the data of its live weights.
        ort_values: the live weights as ONNX Runtime's values.
        in_order: see `open_shared_session`.
    """
    inputs = tuple(value.name for value in part.graph.input)
    outputs = tuple(value.name for value in part.graph.output)
    return SessionPart(open_shared_session(part, ort_values, in_order=in_order), inputs, outputs)


def element_types(values: Mapping[str, npt.NDArray[Any]], names: Sequence[str]) -> dict[str, int]:
    """`onnx.TensorProto.DataType` of some values.

    Args:
        values: arrays by name.
        names: of the values that are asked for.
    """
    convert = onnx.helper.np_dtype_to_tensor_dtype
    return {name: int(convert(values[name].dtype)) for name in names}
