"""Constant nodes of the main graph as initializers, and back.

ONNX Runtime turns Constant nodes into initializers when it loads a file, so that a model computes
the same with either. Whatever looks for weights therefore looks at initializers alone; only the
oracle, which edits the file, needs the nodes back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import onnx

from analyzer.graph.walk import STANDARD
from analyzer.model.stored_at import Form, StoredAt

FORMS: dict[str, StoredAt] = {
    "value": StoredAt(("t",), Form.TENSOR),
    "value_float": StoredAt((), Form.FLOAT),
    "value_floats": StoredAt((), Form.FLOATS),
}
"""Attribute of a Constant node -> where in it the numbers stand."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """One Constant node that became an initializer.

    Attributes:
        name: Of the initializer, which was the node's output.
        position: Of the node among the nodes of the file's main graph.
        shell: The node without its numbers, serialized.
    """

    name: str
    position: int
    shell: bytes

    def node(self, tensor: onnx.TensorProto) -> onnx.NodeProto:
        """The node with the numbers of ``tensor``."""
        node = onnx.NodeProto()
        node.ParseFromString(self.shell)
        attribute = node.attribute[0]
        if attribute.name == "value":
            name = attribute.t.name
            attribute.t.CopyFrom(tensor)
            attribute.t.name = name
        else:
            FORMS[attribute.name].write(attribute, tensor.raw_data)
        return node


def is_constant(node: onnx.NodeProto) -> bool:
    """True for a Constant node of the standard operators."""
    return node.op_type == "Constant" and node.domain in STANDARD


def dense_constant(node: onnx.NodeProto) -> onnx.TensorProto | None:
    """The numbers of a Constant node under the name of its output; None if it holds others.

    Others are sparse tensors, integers in a list, text, and what a function's caller gives.
    """
    attribute = next(iter(node.attribute), None)
    if attribute is None or attribute.ref_attr_name or attribute.name not in FORMS:
        return None
    tensor = onnx.TensorProto()
    tensor.CopyFrom(FORMS[attribute.name].read(attribute))
    tensor.name = next(iter(node.output), "")
    return tensor


def lift_constants(
    graph: onnx.GraphProto, wanted: Callable[[onnx.TensorProto], bool]
) -> tuple[Lifted, ...]:
    """Make initializers of Constant nodes.

    Args:
        graph: the main graph, changed in place.
        wanted: says of the tensor of a node whether it is made one.

    Returns:
        The nodes that are gone, in their order.
    """
    lifted: list[Lifted] = []
    kept: list[onnx.NodeProto] = []
    for position, node in enumerate(graph.node):
        tensor = dense_constant(node) if is_constant(node) else None
        if tensor is None or not wanted(tensor):
            kept.append(node)
            continue
        graph.initializer.append(tensor)
        lifted.append(Lifted(tensor.name, position, _shell(node)))
    if lifted:
        _set_nodes(graph, kept)
    return tuple(lifted)


def lower_constants(graph: onnx.GraphProto, lifted: Sequence[Lifted]) -> None:
    """Undo `lift_constants`: the graph as the file has it, with the present contents.

    Args:
        graph: the main graph, changed in place.
        lifted: what became initializers.
    """
    if not lifted:
        return
    names = {constant.name for constant in lifted}
    held = {t.name: t for t in graph.initializer if t.name in names}
    rest = [t for t in graph.initializer if t.name not in names]
    nodes = list(graph.node)
    for constant in lifted:  # ascending, so that each finds those before it in place
        nodes.insert(constant.position, constant.node(held[constant.name]))
    _set_nodes(graph, nodes)
    del graph.initializer[:]
    graph.initializer.extend(rest)


def _shell(node: onnx.NodeProto) -> bytes:
    shell = onnx.NodeProto()
    shell.CopyFrom(node)
    attribute = shell.attribute[0]
    name = attribute.t.name
    for field in ("t", "floats", "f"):
        attribute.ClearField(field)
    if attribute.name == "value":
        attribute.t.name = name
    content: bytes = shell.SerializeToString()
    return content


def _set_nodes(graph: onnx.GraphProto, nodes: Sequence[onnx.NodeProto]) -> None:
    del graph.node[:]
    graph.node.extend(nodes)
