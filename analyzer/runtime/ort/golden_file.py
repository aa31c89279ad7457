"""The golden model as the bytes of an ONNX file, joined from its parts.

Putting the weights into a message and serializing the message copies them twice more, which is the
slowest step with large models. A message is the concatenation of its fields (Protocol Buffers,
*Encoding*), so that the bytes of the weights can be joined with the rest as they are.
"""

from collections.abc import Iterator

from analyzer.faults.elements import Values, raw_array
from analyzer.model import Model
from analyzer.model.shell import without_data
from analyzer.runtime.ort.golden_model import golden_contents, put_nested

GRAPH = 7
"""Field of a ModelProto; this and the next two are numbers of onnx.proto, which never change."""

INITIALIZER = 5
"""Field of a GraphProto."""

RAW_DATA = 9
"""Field of a TensorProto."""

Piece = bytes | memoryview


def golden_file(model: Model, golden: dict[str, Values]) -> bytes:
    """Bytes of the file that `golden_proto` would be, up to the order of its fields.

    Args:
        model: the model.
        golden: fault-free values by tensor, where they differ from those of the model's file.
    """
    values, elements = golden_contents(model, golden)
    header = without_data(model.proto, lambda tensor: tensor.name in values)
    put_nested(header, model, values)
    graph: list[Piece] = []
    for tensor in header.graph.initializer:
        pieces: list[Piece] = [tensor.SerializeToString()]
        if tensor.name in values:
            raw = raw_array(values[tensor.name], elements[tensor.name])
            pieces += _field(RAW_DATA, [raw.data])
        graph += _field(INITIALIZER, pieces)
    # Fields may come in any order, and a field given in parts is merged: the rest follows at last.
    del header.graph.initializer[:]
    graph.append(header.graph.SerializeToString())
    header.ClearField("graph")
    return b"".join([header.SerializeToString(), *_field(GRAPH, graph)])


def _field(number: int, pieces: list[Piece]) -> Iterator[Piece]:
    """The parts of a field whose contents are ``pieces``: key, length, contents."""
    yield _varint(number << 3 | 2)
    yield _varint(sum(map(len, pieces)))
    yield from pieces


def _varint(value: int) -> bytes:
    """Encode ``value`` in seven bits a byte, lowest first; all but the last have bit 7 set.

    >>> _varint(300).hex()
    'ac02'
    """
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
