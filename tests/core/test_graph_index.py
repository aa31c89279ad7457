"""The index of a graph says what a search through its nodes finds."""

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from analyzer.graph.index import Index, all_names, constants_of, index_of, number_in
from analyzer.graph.walk import reads
from tests.support import parse_model

OPERATORS = ("Add", "Mul", "Relu", "Where")


@st.composite
def graphs(draw: st.DrawFn) -> onnx.GraphProto:
    """Nodes in order that read inputs, stored tensors and earlier values; some have sub-graphs."""
    known = ["image", "w"]
    nodes = []
    for number in range(draw(st.integers(0, 8))):
        names = st.sampled_from([*known, ""])
        inputs = draw(st.lists(names, min_size=1, max_size=3))
        outputs = [f"v{number}", *draw(st.sampled_from([(), ("",), (f"v{number}b",)]))]
        node = helper.make_node(draw(st.sampled_from(OPERATORS)), inputs, outputs, f"n{number}")
        if draw(st.booleans()):
            inner = helper.make_node("Neg", [draw(st.sampled_from(known))], [f"i{number}"])
            output = helper.make_tensor_value_info(f"i{number}", 1, None)
            sub = helper.make_graph([inner], "sub", [], [output])
            node.attribute.append(helper.make_attribute("then_branch", sub))
        nodes.append(node)
        known += [name for name in outputs if name]
    stored = [numpy_helper.from_array(np.ones(2, np.float32), "w")]
    returned = sorted(draw(st.sets(st.sampled_from(known))))
    results = [helper.make_tensor_value_info(name, 1, None) for name in returned]
    images = [helper.make_tensor_value_info("image", 1, None)]
    return helper.make_graph(nodes, "g", images, results, stored)


@given(graphs())
def test_the_index_is_what_a_search_finds(graph: onnx.GraphProto) -> None:
    index = Index(graph)
    names = all_names(graph) - {""}
    for name in names:
        makers = [i for i, node in enumerate(graph.node) if name in node.output]
        assert ([index.places[name]] if name in index.places else []) == makers
        assert [index.producers.get(name)] == [graph.node[i] for i in makers] or not makers
        reading = [i for i, node in enumerate(graph.node) if name in set(reads(node))]
        assert index.reading_places.get(name, []) == reading
        found = _uses(graph, name)
        assert [(node.name, i) for node, i in index.uses.get(name, [])] == found
        assert [node.name for node in index.readers.get(name, [])] == [title for title, _ in found]
        alone = len(found) == 1 and name not in {o.name for o in graph.output}
        assert (index.only_reader(name) is not None) is alone
    assert "" not in {*index.producers, *index.places, *index.uses, *index.reading_places}


def _uses(graph: onnx.GraphProto, name: str) -> list[tuple[str, int]]:
    found = []
    for node in graph.node:
        inner = [n for a in node.attribute for n in a.g.node]
        for each in (node, *inner):
            found += [(each.name, i) for i, read in enumerate(each.input) if read == name]
    return found


def test_a_maker_is_given_only_if_it_is_the_operator_that_was_meant() -> None:
    proto = parse_model("""
        <ir_version: 8, opset_import: ["" : 17, "other" : 1]>
        net (float[N] image) => (float[N] y) { x = Relu (image) z = other.Relu (x) y = Neg (z) }
    """)
    index = index_of(proto)
    assert index.made_by("x", "Clip", "Relu") is not None
    assert index.made_by("x", "Clip") is None
    assert index.made_by("z", "Relu") is None, "of a domain that nobody here knows"
    assert index.made_by("image", "Relu") is None


@pytest.mark.parametrize(
    ("attribute", "wanted"),
    [
        ({"value_float": 1.5}, [1.5]),
        ({"value_int": 3}, [3]),
        ({"value_floats": [1.0, 2.0]}, [1, 2]),
        ({"value_ints": [4, 5]}, [4, 5]),
        ({"value": numpy_helper.from_array(np.array([7.0], np.float32))}, [7]),
        ({"value_string": "six"}, None),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_constant_nodes_hold_constants(
    attribute: dict[str, Any], wanted: list[float] | None
) -> None:
    graph = onnx.GraphProto(node=[helper.make_node("Constant", [], ["c"], **attribute)])
    index = Index(graph)
    values = index.array("c")
    assert (None if values is None else values.reshape(-1).tolist()) == wanted
    assert index.scalar("c") == (wanted[0] if wanted and len(wanted) == 1 else None)


@pytest.mark.parametrize(
    "tensor",
    [
        onnx.TensorProto(name="t", data_type=onnx.TensorProto.STRING, string_data=[b"six"]),
        numpy_helper.from_array(np.array(1j, np.complex64), "t"),
        onnx.TensorProto(name="t", data_type=1, dims=[1], data_location="EXTERNAL"),
        onnx.TensorProto(name="t", data_type=99, dims=[1], raw_data=b"1234"),
        onnx.TensorProto(name="t", data_type=1, dims=[7], raw_data=b"1234"),
    ],
    ids=["text", "complex", "in another file", "of an unknown type", "of a wrong size"],
)
def test_what_is_no_number_is_none(tensor: onnx.TensorProto) -> None:
    """Not an error: whoever runs the model says what is wrong with it."""
    assert number_in(tensor) is None
    assert number_in(None) is None
    assert constants_of(onnx.GraphProto(initializer=[tensor]))["t"] == tensor


def test_types_are_inferred_only_with_the_model() -> None:
    proto = parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> '
        "net (float[N] image) => (float[N] y) { x = Relu (image) y = Neg (x) }"
    )
    assert index_of(proto).types["x"] == onnx.TensorProto.FLOAT
    assert "x" not in Index(proto.graph).types
    assert Index(proto.graph).types["y"] == onnx.TensorProto.FLOAT
