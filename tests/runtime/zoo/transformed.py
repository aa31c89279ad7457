"""Weights that ONNX Runtime transforms when loading: moved, copied, dropped, or folded."""

import numpy as np
import onnx

from analyzer.faults.elements import Values
from tests.runtime.zoo.floats import HALF, ROW
from tests.runtime.zoo.registry import case, model, normal, one, positive

IMAGE, FEATURES = "float[N, 3, 5, 5] x", "float[N, 8, 3, 3] y"


def normalized(values: dict[str, Values]) -> onnx.ModelProto:
    """A convolution with a batch normalization that folds into it."""
    body = "a = Conv (x, w, b) y = BatchNormalization (a, gamma, beta, mean, var)"
    return model(IMAGE, FEATURES, body, values)


@case(recomputed="w b gamma beta mean var")
def batch_norm_folded() -> onnx.ModelProto:
    vectors = {n: normal(8, seed=i) for i, n in enumerate(["b", "gamma", "beta", "mean"])}
    return normalized({"w": normal(8, 3, 3, 3), "var": positive(8), **vectors})


@case(recomputed="w b gamma beta mean var")
def batch_norm_zero_gammas() -> onnx.ModelProto:
    """Weights have no influence while they are finite; from 1.5, a flip leads to NaN."""
    values = {n: np.full(8, 1.5, np.float32) for n in ("b", "beta", "mean", "var")}
    values["gamma"] = np.zeros(8, np.float32)
    return normalized({"w": np.full((8, 3, 3, 3), 1.5, np.float32), **values})


@case(recomputed="w s")
def conv_mul_add() -> onnx.ModelProto:
    """The factor folds into the weights, the summand becomes the bias."""
    return model(
        IMAGE,
        FEATURES,
        "a = Conv (x, w) m = Mul (a, s) y = Add (m, c)",
        {"w": normal(8, 3, 3, 3), "s": normal(1, 8, 1, 1), "c": normal(1, 8, 1, 1, seed=1)},
    )


@case()
def transposed() -> onnx.ModelProto:
    body = "t = Transpose <perm = [1, 0]> (w) y = MatMul (x, t)"
    return model(ROW, "float[N, 4] y", body, {"w": normal(4, 6)})


@case()
def sliced() -> onnx.ModelProto:
    """Rows 1 to 6 of 9 are used; upsets in the others have no effect."""
    body = """
        s = Constant <value_ints = [1]> () t = Constant <value_ints = [7]> ()
        a = Constant <value_ints = [0]> ()
        e = Slice (w, s, t, a) y = MatMul (x, e)
    """
    return model(ROW, "float[N, 4] y", body, {"w": normal(9, 4)})


@case()
def split() -> onnx.ModelProto:
    body = """
        k = Constant <value_ints = [6, 6]> () e, g = Split <axis = 0> (w, k)
        a = MatMul (x, e) b = MatMul (x, g) y = Add (a, b)
    """
    return model(ROW, "float[N, 4] y", body, {"w": normal(12, 4)})


@case()
def joined() -> onnx.ModelProto:
    body = "e = Concat <axis = 0> (w, v) y = MatMul (x, e)"
    return model(ROW, "float[N, 4] y", body, {"w": normal(4, 4), "v": normal(2, 4)})


@case(reload="w v")
def joined_of_two_types() -> onnx.ModelProto:
    body = "c = Cast <to = 1> (w) e = Concat <axis = 0> (c, v) y = MatMul (x, e)"
    return model(ROW, "float[N, 4] y", body, {"w": normal(4, 4, dtype=HALF), "v": normal(2, 4)})


@case()
def repeated() -> onnx.ModelProto:
    """One element, four places in one tensor."""
    body = """
        k = Constant <value_ints = [4, 6]> () e = Expand (w, k)
        t = Gemm (x, v) y = MatMul (t, e)
    """
    return model(ROW, "float[N, 6] y", body, {"w": normal(1, 6), "v": normal(6, 4)})


@case(reload="w")
def negated() -> onnx.ModelProto:
    return model(ROW, "float[N, 4] y", "e = Neg (w) y = MatMul (x, e)", {"w": normal(6, 4)})


@case(reload="w")
def absolute() -> onnx.ModelProto:
    """Golden values pass unchanged; negative ones do not."""
    return model(ROW, "float[N, 4] y", "e = Abs (w) y = MatMul (x, e)", {"w": positive(6, 4)})


@case(reload="w")
def compared() -> onnx.ModelProto:
    """The weight survives only as a tensor of booleans."""
    body = "z = Relu (x) k = Greater (w, t) y = Where (k, x, z)"
    return model(ROW, "float[N, 6] y", body, {"w": normal(6), "t": one(0.0)})


@case(reload="w")
def compared_and_used() -> onnx.ModelProto:
    body = "k = Greater (w, t) y = Where (k, x, w)"
    return model(ROW, "float[N, 6] y", body, {"w": normal(6), "t": one(0.0)})


@case(reload="w")
def ranked() -> onnx.ModelProto:
    """The weight survives only as int64 indices."""
    body = "i = ArgMax <axis = 0, keepdims = 0> (w) y = Gather <axis = 1> (x, i)"
    return model(ROW, "float[N, 4] y", body, {"w": normal(6, 4)})


@case(reload="w")
def narrowed() -> onnx.ModelProto:
    body = "c = Cast <to = 1> (w) y = MatMul (x, c)"
    return model(ROW, "float[N, 4] y", body, {"w": normal(6, 4, dtype=np.float64)})
