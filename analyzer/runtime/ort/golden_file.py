"""The golden model as the bytes of an ONNX file, joined from its parts.

To put the weights into a message and to serialize that copies them twice more, which is what takes
longest with large models. A message is the concatenation of its fields, so that the weights can be
put in their places as they are (Protocol Buffers, *Encoding*).
"""

from collections.abc import Iterator

from analyzer.faults.elements import Values, raw_array
from analyzer.model import Model
from analyzer.model.shell import without_data
from analyzer.runtime.ort.golden_model import golden_contents

GRAPH = 7
"""Field of a ModelProto; this and the next two are numbers of onnx.proto, which never change."""

INITIALIZER = 5
"""Field of a GraphProto."""

RAW_DATA = 9
"""Field of a TensorProto."""

Piece = bytes | memoryview


def golden_file(model: Model, golden: dict[str, Values]) -> bytes:
    """What `golden_proto` would be on disk, up to the order of its fields.

    Args:
        model: the model.
        golden: values of those of its tensors that are not as in the file.
    """
    values, elements = golden_contents(model, golden)
    shell = without_data(model.proto, lambda tensor: tensor.name in values)
    graph: list[Piece] = []
    for tensor in shell.graph.initializer:
        pieces: list[Piece] = [tensor.SerializeToString()]
        if tensor.name in values:
            raw = raw_array(values[tensor.name], elements[tensor.name])
            pieces += _field(RAW_DATA, [raw.data])
        graph += _field(INITIALIZER, pieces)
    del shell.graph.initializer[:]
    graph.append(shell.graph.SerializeToString())
    shell.ClearField("graph")
    return b"".join([shell.SerializeToString(), *_field(GRAPH, graph)])


def _field(number: int, pieces: list[Piece]) -> Iterator[Piece]:
    """A field that holds ``pieces``: key, length, contents."""
    yield _varint(number << 3 | 2)
    yield _varint(sum(map(len, pieces)))
    yield from pieces


def _varint(value: int) -> bytes:
    """Seven bits to a byte, the lowest first; all but the last have the highest bit set.

    >>> _varint(300).hex()
    'ac02'
    """
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
