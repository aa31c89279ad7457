"""Numbers that a file stores elsewhere than in the main graph's initializers.

Sparse tensors, sub-graphs (bodies of If, Loop and Scan), bodies of local functions, and attributes
that hold parameters (tree ensembles, linear models). A fault there is reached by editing the file
and loading it anew. Names are those of the file with the place before them, so that each is unique.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import onnx

from analyzer.errors import quoted, short
from analyzer.faults.space import Kind
from analyzer.graph.index import title
from analyzer.graph.walk import STANDARD
from analyzer.model.constants import FORMS, is_constant
from analyzer.model.role_tables import ATTRIBUTES, UNREAD_ATTRIBUTES
from analyzer.model.roles import Functions, Roles
from analyzer.model.stored_at import Form, Path, StoredAt

LEARNERS = "ai.onnx.ml"
"""Domain of the operators that keep their parameters in attributes."""

LEAST_LISTED = 16
"""Numbers from which on an attribute is no mere setting, whatever the operator."""


@dataclass(frozen=True, slots=True)
class Nested:
    """Numbers stored outside of the main graph's initializers.

    Attributes:
        name: Unique among all stored tensors.
        place: The place in words.
        at: The address in the model's message.
        kind: The part that they play for their reader.
        reason: Why they are out of scope whatever their element type; empty if they need not be.
        read: False if nothing reads them.
    """

    name: str
    place: str
    at: StoredAt
    kind: Kind
    reason: str = ""
    read: bool = True


@dataclass(frozen=True, slots=True)
class NestedList:
    """64-bit integers that no fault hits, and the reason."""

    name: str
    count: int
    reason: str


@dataclass(frozen=True)
class _Scope:
    """One graph or function body.

    Attributes:
        body: Its message.
        path: Address of the message.
        prefix: Put before the names of its tensors; empty for the main graph.
        place: The place in words.
        functions: The model's local functions.
        called: False for the body of a function that no node calls.
    """

    body: Any
    path: Path
    prefix: str
    place: str
    functions: Functions
    called: bool = True

    @property
    def is_main(self) -> bool:
        return self.path == ("graph",)

    @cached_property
    def roles(self) -> Roles:
        return Roles(self.body, self.functions)

    @cached_property
    def outputs(self) -> set[str]:
        return {o if isinstance(o, str) else o.name for o in self.body.output}


def functions_of(proto: onnx.ModelProto) -> Functions:
    """The local functions of a model by domain and name."""
    return {(f.domain, f.name): f for f in proto.functions}


def nested_tensors(proto: onnx.ModelProto) -> Iterator[Nested | NestedList]:
    """Everything that ``proto`` stores outside of the main graph's initializers.

    Dense Constant nodes of the main graph are left out: they are as initializers.
    """
    functions = functions_of(proto)
    called = _called(proto.graph, functions)
    scopes = [_Scope(proto.graph, ("graph",), "", "the main graph", functions)]
    for i, function in enumerate(proto.functions):
        name, key = quoted(function.name), (function.domain, function.name)
        place, prefix = f"the local function {name}", f"{function.name}."
        scopes.append(_Scope(function, ("functions", i), prefix, place, functions, key in called))
    taken: set[str] = {t.name for t in proto.graph.initializer}
    for found in (item for scope in scopes for item in _walk(scope)):
        yield _unique(found, taken)


def _called(graph: onnx.GraphProto, functions: Functions) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    waiting: list[Any] = [graph]
    while waiting:
        for node in waiting.pop().node:
            waiting += [a.g for a in node.attribute if a.HasField("g")]
            waiting += [g for a in node.attribute for g in a.graphs]
            key = (node.domain, node.op_type)
            if key in functions and key not in found:
                found.add(key)
                waiting.append(functions[key])
    return found


def _unique(found: Nested | NestedList, taken: set[str]) -> Nested | NestedList:
    name, number = found.name, 2
    while name in taken:
        name, number = f"{found.name}#{number}", number + 1
    taken.add(name)
    return replace(found, name=name)


def _walk(scope: _Scope) -> Iterator[Nested | NestedList]:
    if isinstance(scope.body, onnx.GraphProto):
        yield from _stored(scope)
    for i, node in enumerate(scope.body.node):
        path = (*scope.path, "node", i)
        if is_constant(node):
            yield from _constant(scope, node, path)
            continue
        for j, attribute in enumerate(node.attribute):
            yield from _attribute(scope, node, attribute, (*path, "attribute", j))


def _stored(scope: _Scope) -> Iterator[Nested | NestedList]:
    """Initializers of a sub-graph, and sparse ones of any graph."""
    for i, tensor in enumerate(() if scope.is_main else scope.body.initializer):
        yield _one(scope, tensor.name, StoredAt((*scope.path, "initializer", i), Form.TENSOR))
    for i, sparse in enumerate(scope.body.sparse_initializer):
        path = (*scope.path, "sparse_initializer", i)
        yield from _sparse(scope, sparse.values.name, sparse, path)


def _sparse(
    scope: _Scope, name: str, sparse: onnx.SparseTensorProto, path: Path
) -> Iterator[Nested | NestedList]:
    """The values that a sparse tensor stores; their positions are indices."""
    yield _one(scope, name, StoredAt((*path, "values"), Form.TENSOR), "a sparse tensor of ")
    count = _elements(sparse.indices)
    yield NestedList(f"{scope.prefix}{name}.indices", count, "int64: positions in a sparse tensor")


def _one(scope: _Scope, name: str, at: StoredAt, sparse: str = "") -> Nested:
    reason, read = "", True
    if not scope.called:
        reason, read = "no node calls its function", False
    elif name not in scope.roles.readers:
        is_output = name in scope.outputs
        reason, read = (
            ("it is an output itself", True) if is_output else ("no node reads it", False)
        )
    elif scope.roles.sets_sizes(name):
        reason = "it sets sizes (Resize, Upsample, Range): no stored weight"
    kind = scope.roles.of(name)
    return Nested(scope.prefix + name, sparse + scope.place, at, kind, reason, read)


def _constant(scope: _Scope, node: onnx.NodeProto, path: Path) -> Iterator[Nested | NestedList]:
    """The numbers of a Constant node, but for dense ones of the main graph."""
    attribute, name = next(iter(node.attribute), None), next(iter(node.output), "")
    if attribute is None or attribute.ref_attr_name:
        return
    inner = (*path, "attribute", 0)
    if attribute.name == "sparse_value":
        yield from _sparse(scope, name, attribute.sparse_tensor, (*inner, "sparse_tensor"))
    elif attribute.name in FORMS and not scope.is_main:
        form = FORMS[attribute.name]
        yield _one(scope, name, StoredAt((*inner, *form.path), form.form))


def _attribute(
    scope: _Scope, node: onnx.NodeProto, attribute: onnx.AttributeProto, path: Path
) -> Iterator[Nested | NestedList]:
    where = f"{scope.prefix}{title(node)}.{attribute.name}"
    yield from _sub_graphs(scope, node, attribute, path)
    if attribute.ref_attr_name:
        return
    if attribute.floats:
        yield from _numbers(scope, node, attribute, where, StoredAt(path, Form.FLOATS))
    if attribute.HasField("t"):
        at = StoredAt((*path, "t"), Form.TENSOR)
        yield from _numbers(scope, node, attribute, where, at)
    if attribute.ints and _is_list(node, len(attribute.ints), attribute.name):
        reason = "integers in an attribute: indices, classes and modes, no weights"
        yield NestedList(where, len(attribute.ints), reason)


def _sub_graphs(
    scope: _Scope, node: onnx.NodeProto, attribute: onnx.AttributeProto, path: Path
) -> Iterator[Nested | NestedList]:
    graphs = [(attribute.g, (*path, "g"), "")] if attribute.HasField("g") else []
    graphs += [(g, (*path, "graphs", k), f"[{k}]") for k, g in enumerate(attribute.graphs)]
    for graph, inner, index in graphs:
        prefix = f"{scope.prefix}{title(node)}.{attribute.name}{index}."
        place = f"a sub-graph of {short(node.op_type)} {quoted(title(node))}"
        yield from _walk(_Scope(graph, inner, prefix, place, scope.functions, scope.called))


def _is_list(node: onnx.NodeProto, count: int, name: str) -> bool:
    """True for numbers that are no mere setting of an operator."""
    return (
        node.domain == LEARNERS
        or name in ATTRIBUTES.get(node.op_type, ())
        or (count >= LEAST_LISTED)
    )


def _numbers(
    scope: _Scope, node: onnx.NodeProto, attribute: onnx.AttributeProto, name: str, at: StoredAt
) -> Iterator[Nested]:
    """The parameters in an attribute of an operator that is known, learned, or a function."""
    key = (node.domain, node.op_type)
    kinds = ATTRIBUTES.get(node.op_type, {})
    count = len(attribute.floats) or _elements(attribute.t)
    if key not in scope.functions and not _is_list(node, count, attribute.name):
        return
    learned = node.domain == LEARNERS or attribute.name in kinds or key in scope.functions
    reason, read = "", True
    if not scope.called:
        reason, read = "no node calls its function", False
    elif attribute.name in UNREAD_ATTRIBUTES:
        reason, read = "no runtime computes with it", False
    elif not learned and node.domain in STANDARD:
        reason = f"a setting of the operator {node.op_type}"
    place = f"attribute {attribute.name} of {short(node.op_type)} {quoted(title(node))}"
    kind = kinds.get(attribute.name, Kind.CONSTANT)
    yield Nested(name, place, at, kind, reason, read)


def _elements(tensor: onnx.TensorProto) -> int:
    count = 1
    for size in tensor.dims:
        count *= size
    return count
