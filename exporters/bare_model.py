"""A model without notes: what exporters and quantizers say about making it is left out."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

PRODUCER = "relcheck-exporters"


def strip(
    model: onnx.ModelProto, metadata: Mapping[str, str], *, ir_version: int
) -> onnx.ModelProto:
    """Copy a network and leave out what tools noted about making it.

    Exporters and quantizers leave stack traces, file names and intermediate shapes, some of
    values that no longer exist.

    Args:
        model: A network without functions or sparse initializers; it is not changed.
        metadata: The result's ``metadata_props``.
        ir_version: The result's IR version.

    Returns:
        The bare network, checked.
    """
    from onnx import NodeProto, ValueInfoProto, checker, helper, numpy_helper

    old = model.graph
    nodes = [
        NodeProto(
            op_type=node.op_type,
            domain=node.domain,
            name=node.name,
            input=node.input,
            output=node.output,
            # In a fixed order, so that the same network gives the same bytes.
            attribute=sorted(node.attribute, key=attrgetter("name")),
        )
        for node in old.node
    ]
    inputs = [ValueInfoProto(name=value.name, type=value.type) for value in old.input]
    outputs = [ValueInfoProto(name=value.name, type=value.type) for value in old.output]
    tensors = [numpy_helper.from_array(numpy_helper.to_array(t), t.name) for t in old.initializer]
    result = helper.make_model(
        helper.make_graph(nodes, "network", inputs, outputs, tensors),
        opset_imports=list(model.opset_import),
        ir_version=ir_version,
        producer_name=PRODUCER,
    )
    helper.set_model_props(result, dict(metadata))
    checker.check_model(result, full_check=True)
    return result
