"""Weights with several readers: tied, in sub-graphs, or outputs themselves."""

import numpy as np
import onnx

from analyzer.faults.elements import Values
from tests.runtime.zoo.floats import ROW
from tests.runtime.zoo.registry import case, model, normal, one

ROW_OUT = "float[N, 6] y"


@case()
def tied() -> onnx.ModelProto:
    body = "a = MatMul (x, w) r = Relu (a) m = MatMul (r, w) y = Add (m, b)"
    return model(ROW, ROW_OUT, body, {"w": normal(6, 6), "b": normal(6)})


@case()
def tied_and_transposed() -> onnx.ModelProto:
    """The optimizer stores a second, transposed copy: one element, two tensors."""
    body = "a = MatMul (x, w) t = Transpose <perm = [1, 0]> (w) y = MatMul (a, t)"
    return model(ROW, ROW_OUT, body, {"w": normal(6, 6)})


@case()
def tied_convolutions() -> onnx.ModelProto:
    return model(
        "float[N, 8, 5, 5] x",
        "float[N, 8, 5, 5] y",
        """
        a = Conv <pads = [1, 1, 1, 1]> (x, w, b)
        r = Relu (a)
        y = Conv <pads = [1, 1, 1, 1]> (r, w, b)
        """,
        {"w": normal(8, 8, 3, 3), "b": normal(8)},
    )


@case()
def tied_blocked_and_plain() -> onnx.ModelProto:
    """One reader wants blocks of channels, the other the order of the file."""
    return model(
        "float[8, 8, 3, 3] x",
        "float[8, 8, 3, 3] y",
        "a = Conv <pads = [1, 1, 1, 1]> (x, w) r = Relu (a) m = Mul (x, w) y = Add (r, m)",
        {"w": normal(8, 8, 3, 3)},
    )


@case(reload="w")
def tied_and_folded() -> onnx.ModelProto:
    body = "e = Exp (w) a = MatMul (x, e) y = MatMul (a, w)"
    return model(ROW, ROW_OUT, body, {"w": normal(6, 6)})


@case(reload="w")
def output_too() -> onnx.ModelProto:
    body = "y = Add (x, w) z = Identity (w)"
    return model(ROW, f"{ROW_OUT}, float[6] z", body, {"w": normal(6)})


def branching(main: str, yes: str, no: str, values: dict[str, Values]) -> onnx.ModelProto:
    """A model whose branch depends on the input."""
    body = f"""
        {main} m = ReduceMax <keepdims = 0> (x) k = Greater (m, zero)
        y = If (k) <
            then_branch = yes () => (float[N, 6] p) {{ {yes} }},
            else_branch = no () => (float[N, 6] q) {{ {no} }}
        >
    """
    return model(ROW, ROW_OUT, body, {**values, "zero": one(0.0)})


BRANCHES = {"w": normal(6, 6), "b": normal(6)}


@case(reload="w b", quiet="b")
def branch_and_main_graph() -> onnx.ModelProto:
    return branching("a = MatMul (x, w)", "p = MatMul (a, w)", "q = Add (a, b)", BRANCHES)


@case(reload="w b", quiet="b")
def branch_only() -> onnx.ModelProto:
    return branching("", "p = MatMul (x, w)", "q = Add (x, b)", BRANCHES)


@case(reload="w b", quiet="w")
def branch_not_taken() -> onnx.ModelProto:
    return branching("n = Neg (x)", "p = Add (n, b)", "q = MatMul (x, w)", BRANCHES)


@case(reload="w b", quiet="b")
def branch_that_folds() -> onnx.ModelProto:
    """What is folded inside of a sub-graph is stored there, beside the main graph."""
    yes = "e = Transpose <perm = [1, 0]> (w) p = MatMul (a, e)"
    return branching("a = MatMul (x, w)", yes, "q = Add (a, b)", BRANCHES)


@case(reload="u", no_effect="v", quiet="zero")
def branch_decided_when_loading() -> onnx.ModelProto:
    """The sign of a sum of weights, or a NaN among them, decides which operators exist."""
    body = """
        s = ReduceSum <keepdims = 0> (u) k = Greater (s, zero)
        y = If (k) <
            then_branch = yes () => (float[N, 6] p) { p = MatMul (x, w) },
            else_branch = no () => (float[N, 6] q) { q = Add (x, v) }
        >
    """
    peak = np.array([0.1, 0.1, 1.5, 0.1, 0.1], np.float32)
    values = {"u": peak, "w": normal(6, 6), "v": normal(6), "zero": one(0.0)}
    return model(ROW, ROW_OUT, body, values)


@case(reload="w")
def loop() -> onnx.ModelProto:
    body = """
        m = Constant <value_int = 3> () c = Constant <value = bool {1}> ()
        y = Loop (m, c, x) <
            body = step (int64 i, bool go, float[N, 6] s) => (bool on, float[N, 6] t)
                { on = Identity (go) u = MatMul (s, w) t = Tanh (u) }
        >
    """
    return model(ROW, ROW_OUT, body, {"w": normal(6, 6)})
