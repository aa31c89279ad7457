"""Outputs of a model as the file tells: names, dimensions, and the operators behind them."""

from dataclasses import dataclass

import onnx

from analyzer.graph.index import index_of
from analyzer.graph.walk import all_nodes

PASSING = frozenset(
    {
        *("Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose"),
        *("QuantizeLinear", "DequantizeLinear", "Dropout"),
    }
)
"""Operators behind which the same answer stands in another form."""

DATA_DEPENDENT = frozenset({"NonMaxSuppression", "NonZero", "Compress", "Unique", "Loop", "If"})
"""Operators that give outputs whose sizes depend on what is fed."""

RANDOM = frozenset(
    {
        *("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"),
        *("Bernoulli", "Multinomial"),
    }
)
"""Operators that draw random numbers."""


@dataclass(frozen=True, slots=True)
class OutputSignature:
    """One output of a model.

    Attributes:
        name: Its name.
        dims: Its dimensions as the file states them: a size, a name, or None; None in place of the
            tuple: the file states none.
        makers: Operators that make it, the last one of the graph first: those that only change its
            form, and then the one that computes it. Empty: the output is an input or a constant.
    """

    name: str
    dims: tuple[int | str | None, ...] | None
    makers: tuple[str, ...]


def output_signatures(proto: onnx.ModelProto) -> tuple[OutputSignature, ...]:
    """The outputs of a model, in the order of the file."""
    index = index_of(proto)
    found = []
    for value in proto.graph.output:
        makers: list[str] = []
        node = index.producers.get(value.name)
        while node is not None:
            makers.append(node.op_type)
            passing = node.op_type in PASSING and node.input
            node = index.producers.get(node.input[0]) if passing else None
        found.append(OutputSignature(value.name, _dims(value), tuple(makers)))
    return tuple(found)


def _dims(value: onnx.ValueInfoProto) -> tuple[int | str | None, ...] | None:
    tensor = value.type.tensor_type
    if value.type.WhichOneof("value") != "tensor_type" or not tensor.HasField("shape"):
        return None
    return tuple(
        d.dim_value if d.dim_value > 0 else (d.dim_param or None) for d in tensor.shape.dim
    )


def batch_name(proto: onnx.ModelProto, name: str) -> str | None:
    """The name of the first dimension of an input; None if it has none.

    Args:
        proto: the model.
        name: of the input.
    """
    for value in proto.graph.input:
        if value.name == name and value.type.tensor_type.shape.dim:
            return value.type.tensor_type.shape.dim[0].dim_param or None
    return None


def operators(proto: onnx.ModelProto) -> frozenset[str]:
    """Types of all operators of a model, those of sub-graphs and local functions included."""
    main = {node.op_type for node in all_nodes(proto.graph)}
    return frozenset(main | {node.op_type for f in proto.functions for node in f.node})
