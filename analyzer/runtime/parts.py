"""A stretch of the graph as a session of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt
import onnx

from analyzer.runtime.borrowed import Borrowed, BorrowedSession, borrowing_session
from analyzer.runtime.golden_store import Arrays
from analyzer.runtime.session import Failure

Made = dict[str, npt.NDArray[Any]]


class Part(Protocol):
    """Nodes that follow one another, as something that runs."""

    def run(self, values: Arrays) -> Made | Failure:
        """What the nodes return, by name, from what passes the cut before them."""


@dataclass(frozen=True, slots=True)
class SessionPart:
    """A part that is one session.

    Attributes:
        session: The session.
        inputs: Names of what it reads.
        outputs: Names of what it returns.
    """

    session: BorrowedSession
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def run(self, values: Arrays) -> Made | Failure:
        """Run the session."""
        result = self.session.run({name: values[name] for name in self.inputs})
        if isinstance(result, Failure):
            return result
        return dict(zip(self.outputs, result.outputs, strict=True))


@dataclass(frozen=True, slots=True)
class Chain:
    """Pieces that follow one another, as one part.

    Attributes:
        pieces: In order.
        outputs: Names of what the chain returns.
    """

    pieces: tuple[Part, ...]
    outputs: tuple[str, ...]

    def run(self, values: Arrays) -> Made | Failure:
        """Run all pieces."""
        known = dict(values)
        for piece in self.pieces:
            made = piece.run(known)
            if isinstance(made, Failure):
                return made
            known.update(made)
        return {name: known[name] for name in self.outputs}


def session_part(part: onnx.ModelProto, lent: Borrowed) -> SessionPart:
    """Open a part of a hollow model."""
    inputs = tuple(value.name for value in part.graph.input)
    outputs = tuple(value.name for value in part.graph.output)
    return SessionPart(borrowing_session(part, lent), inputs, outputs)


def element_types(values: Mapping[str, npt.NDArray[Any]], names: Sequence[str]) -> dict[str, int]:
    """`onnx.TensorProto.DataType` of each of ``names``."""
    convert = onnx.helper.np_dtype_to_tensor_dtype
    return {name: int(convert(values[name].dtype)) for name in names}
