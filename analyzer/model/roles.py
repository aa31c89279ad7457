"""The part that a stored tensor plays for the operator that reads it: weight, bias, scale, ..."""

from collections.abc import Mapping

import onnx

from analyzer.faults.space import Kind
from analyzer.graph.index import Readers, readers_of
from analyzer.model.role_tables import DYNAMIC_SCALE, GEOMETRY, PASS_THROUGH, ROLES

Functions = Mapping[tuple[str, str], onnx.FunctionProto]
"""(domain, name) -> the local function that nodes of this operator call."""


class Roles:
    """The parts that values play in one graph, sub-graphs included, or in one function's body.

    Attributes:
        readers: By value, the nodes that read it and at which input.
    """

    def __init__(
        self, body: onnx.GraphProto | onnx.FunctionProto, functions: Functions | None = None
    ) -> None:
        """Index a graph or a function.

        Args:
            body: the graph or the function.
            functions: the local functions of the model; calls of them are looked into.
        """
        self.readers: Readers = readers_of(body)
        self._functions = functions or {}
        self._inner: dict[tuple[str, str], Roles] = {}
        self._scales = {
            node.output[1]
            for node in body.node
            if node.op_type == DYNAMIC_SCALE and len(node.output) > 1
        }

    def of(self, name: str) -> Kind:
        """Kind of a stored tensor, by its first reader; a constant if no reader is known."""
        seen: set[str] = set()
        while name not in seen:
            seen.add(name)
            for node, position in self.readers.get(name, []):
                if node.op_type in PASS_THROUGH and position == 0:
                    name = next(iter(node.output), "")
                    break
                return self._read_by(node, position)
        return Kind.CONSTANT

    def sets_sizes(self, name: str) -> bool:
        """Tell a stored tensor that sets sizes: an operator takes a size from it."""
        return any(i in GEOMETRY.get(n.op_type, ()) for n, i in self.readers.get(name, []))

    def _read_by(self, node: onnx.NodeProto, position: int) -> Kind:
        function = self._functions.get((node.domain, node.op_type))
        if function is not None:
            return self._read_in(function, position)
        if node.op_type == "Mul" and self._scales.intersection(node.input):
            return Kind.SCALE  # what is multiplied by the scale of a quantized activation
        return ROLES.get(node.op_type, {}).get(position, Kind.CONSTANT)

    def _read_in(self, function: onnx.FunctionProto, position: int) -> Kind:
        """The part that the input of a function plays in its body."""
        if position >= len(function.input):
            return Kind.CONSTANT
        key = (function.domain, function.name)
        if key not in self._inner:
            self._inner[key] = Roles(function, self._functions)
        return self._inner[key].of(function.input[position])
