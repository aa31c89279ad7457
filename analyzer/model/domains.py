"""The standard domain has two names, ``ai.onnx`` and the empty one; files may use either."""

from collections.abc import Iterator, Sequence

import onnx

from analyzer.graph.walk import STANDARD, sub_graphs


def shorten_standard_domain(proto: onnx.ModelProto) -> None:
    """Write the standard domain as the empty string, as nearly every file does.

    ONNX (docs/IR.md, "Operator Sets") treats both names alike, and so does ONNX Runtime; the
    checker of the ``onnx`` package knows operators by the empty name alone.

    Args:
        proto: changed in place.
    """
    for nodes, imports in (
        (_nodes(proto.graph.node), proto.opset_import),
        *((_nodes(f.node), f.opset_import) for f in proto.functions),
    ):
        for part in (*nodes, *imports):
            if part.domain in STANDARD and part.domain:
                part.domain = ""
        _drop_repeated(imports)


def _nodes(nodes: Sequence[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """These nodes and those of the graphs within them."""
    for node in nodes:
        yield node
        for graph in sub_graphs(node):
            yield from _nodes(graph.node)


def _drop_repeated(imports: Sequence[onnx.OperatorSetIdProto]) -> None:
    """Keep the first of several imports of one domain, if all ask for the same version."""
    versions = {i.version for i in imports if not i.domain}
    if len(versions) == 1:
        for extra in [i for i in imports if not i.domain][1:]:
            imports.remove(extra)  # type: ignore[attr-defined]  # a repeated field has it
