"""Values that stay floats in a quantized graph, because their bound is beyond any code.

A bound before a Clip lets pass what the Clip then limits: 20 is well and becomes 6, 200 is not and
becomes 0. Codes that end at 6 cannot tell the two apart, and codes that reach 200 are too coarse
for what lies below 6. So that value is not quantized; the convolution that makes it computes in
floats, on int8 weights.
"""

from collections.abc import Iterator, Sequence

import onnx

from analyzer.graph.index import Index, index_of
from exporters.hardening.activations.node_context import clip_limits
from exporters.hardening.bounds.find import BoundedSite
from exporters.hardening.bounds.surgery import drop_unread


def before_clips(plain: onnx.ModelProto, bounds: Sequence[BoundedSite]) -> tuple[str, ...]:
    """The bounded values that only Clips of a known upper limit read.

    Args:
        plain: the float model without its bounds.
        bounds: the bounds that the model had.
    """
    index = index_of(plain)
    return tuple(b.site.value for b in bounds if _only_clips(b.site.value, index))


def _only_clips(value: str, index: Index) -> bool:
    readers = index.readers.get(value, [])
    limits = [clip_limits(reader, index)[1] for reader in readers]
    return bool(readers) and None not in limits and value not in index.outputs


def as_outputs(proto: onnx.ModelProto, values: Sequence[str]) -> onnx.ModelProto:
    """A copy that also returns ``values``: quantizers merge no output with what follows.

    Args:
        proto: a float32 model; it is not changed.
        values: names of values of it.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for value in values:
        copy.graph.output.append(
            onnx.helper.make_tensor_value_info(value, onnx.TensorProto.FLOAT, None)
        )
    return copy


def keep_floats(proto: onnx.ModelProto, values: Sequence[str]) -> None:
    """Undo `as_outputs` in the quantized model, and the quantization of these values, in place.

    Args:
        proto: changed in place; initializers that nothing reads are removed.
        values: names of outputs of DequantizeLinear nodes.
    """
    outputs = [o for o in proto.graph.output if o.name not in values]
    del proto.graph.output[:]
    proto.graph.output.extend(outputs)
    gone: set[str] = set()
    names: dict[str, str] = {}
    index = index_of(proto)
    for value in values:
        for old in _quantized_forms(value, index, gone):
            names[old] = value
    nodes = [node for node in proto.graph.node if not gone.intersection(node.output)]
    for node in nodes:
        _rename(node.input, names)
        _rename(node.output, names)
    # Nodes that are renamed where they stand would be cleared with the list that holds them.
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del proto.graph.node[:]
    proto.graph.node.extend(kept)
    drop_unread(proto.graph)


def _quantized_forms(value: str, index: Index, gone: set[str]) -> Iterator[str]:
    """The other names that ``value`` goes by; needless nodes are added to ``gone``, in place."""
    dequantizer = index.made_by(value, "DequantizeLinear")
    if dequantizer is None:
        return
    quantizer = index.producers[dequantizer.input[0]]
    gone.add(quantizer.output[0])
    yield quantizer.input[0]
    for reader in index.readers[quantizer.output[0]]:
        gone.add(reader.output[0])
        yield reader.output[0]


def _rename(field: "onnx.NodeProto.input", names: dict[str, str]) -> None:
    for position, name in enumerate(field):
        field[position] = names.get(name, name)
