"""A model that holds what those in ``models/`` do not: sub-graphs, functions, sparse tensors."""

import onnx
from onnx import helper

from tests.support import parse_model

NESTED = """
<ir_version: 9, opset_import: ["" : 18, "own" : 1]>
nested (float[N, 4] x) => (float[N, 4] y)
<float[4] w = {1, -2, 3, 0.5}, float[4, 4] m = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7},
 int64 trips = {2}, bool yes = {1}, float half = {0.5}>
{
    a = MatMul (x, m)
    b = own.scaled <alpha = 2.0> (a, w)
    total = ReduceSum <keepdims = 0> (b)
    big = Greater (total, half)
    c = If (big) <
        then_branch = g1 () => (float[N, 4] t) <float[4] v = {1, 1, 2, 2}> { t = Add (b, v) },
        else_branch = g2 () => (float[N, 4] e) { e = Sub (b, w) }
    >
    d = Loop (trips, yes, c) <
        body = g3 (int64 i, bool go, float[N, 4] s) => (bool on, float[N, 4] r)
        <float[4] k = {0.5, 1, 1, 0.5}> { on = Identity (go) r = Mul (s, k) }
    >
    f = Constant <value = float[4] {1, 2, 3, 4}> ()
    y = Add (d, f)
}
<domain: "own", opset_import: ["" : 18]>
scaled <alpha> (p, q) => (r)
{
    s = Constant <value_float: float = @alpha> ()
    o = Mul (p, s)
    r = Add (o, q)
}
"""


def nested_model() -> onnx.ModelProto:
    """If, Loop, a local function, a Constant and a sparse initializer."""
    proto = parse_model(NESTED)
    values = helper.make_tensor("sparse", onnx.TensorProto.FLOAT, [2], [1.0, 2.0])
    indices = helper.make_tensor("sparse_at", onnx.TensorProto.INT64, [2], [0, 3])
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4]))
    proto.graph.node.append(helper.make_node("Add", ["y0", "sparse"], ["y"]))
    proto.graph.node[-2].output[0] = "y0"
    return proto
