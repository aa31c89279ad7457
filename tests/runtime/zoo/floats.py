"""Floating-point models whose weights are only moved: all of them are changed in place."""

import ml_dtypes
import numpy as np
import onnx

from analyzer.faults.elements import Values
from tests.runtime.zoo.registry import case, model, normal, one, positive

HALF = np.float16
BRAIN = ml_dtypes.bfloat16
ROW = "float[N, 6] x"


@case()
def conv_blocked() -> onnx.ModelProto:
    """Channels 3, 8, 16: ONNX Runtime keeps the channels of 8 or 16 filters together."""
    return model(
        "float[N, 3, 6, 6] x",
        "float[N, 10] y",
        """
        a = Conv <pads = [1, 1, 1, 1]> (x, w1, b1)
        r = Relu (a)
        c = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (r, w2, b2)
        s = Relu (c)
        p = GlobalAveragePool (s)
        f = Flatten (p)
        y = Gemm <transB = 1> (f, fc_w, fc_b)
        """,
        {
            "w1": normal(8, 3, 3, 3),
            "b1": normal(8),
            "w2": normal(16, 8, 3, 3),
            "b2": normal(16),
            "fc_w": normal(10, 16),
            "fc_b": normal(10),
        },
    )


@case()
def conv_padded_blocks() -> onnx.ModelProto:
    """20 and 12 channels fill no whole number of blocks: the rest is zero."""
    return model(
        "float[N, 3, 6, 6] x",
        "float[N, 12, 6, 6] y",
        """
        a = Conv <pads = [1, 1, 1, 1]> (x, w1, b1)
        r = Relu (a)
        y = Conv <pads = [1, 1, 1, 1]> (r, w2, b2)
        """,
        {"w1": normal(20, 3, 3, 3), "b1": normal(20), "w2": normal(12, 20, 3, 3), "b2": normal(12)},
    )


@case()
def conv_depthwise() -> onnx.ModelProto:
    return model(
        "float[N, 3, 6, 6] x",
        "float[N, 16, 4, 4] y",
        """
        a = Conv (x, w1, b1)
        d = Conv <group = 8, pads = [1, 1, 1, 1]> (a, dw, db)
        r = Relu (d)
        y = Conv (r, pw, pb)
        """,
        {
            "w1": normal(8, 3, 3, 3),
            "b1": normal(8),
            "dw": normal(8, 1, 3, 3),
            "db": normal(8),
            "pw": normal(16, 8, 1, 1),
            "pb": normal(16),
        },
    )


@case()
def conv_residual() -> onnx.ModelProto:
    return model(
        "float[N, 3, 6, 6] x",
        "float[N, 16, 6, 6] y",
        """
        a = Conv <pads = [1, 1, 1, 1]> (x, w1, b1)
        r = Relu (a)
        c = Conv <pads = [1, 1, 1, 1]> (r, w2)
        s = Add (c, r)
        y = Relu (s)
        """,
        {"w1": normal(16, 3, 3, 3), "b1": normal(16), "w2": normal(16, 16, 3, 3)},
    )


@case()
def conv_squeeze_excite() -> onnx.ModelProto:
    return model(
        "float[N, 8, 6, 6] x",
        "float[N, 8, 6, 6] y",
        """
        a = Conv <pads = [1, 1, 1, 1]> (x, w, b)
        p = GlobalAveragePool (a)
        q = Conv (p, w1, b1)
        r = Relu (q)
        s = Conv (r, w2, b2)
        t = HardSigmoid (s)
        y = Mul (a, t)
        """,
        {
            "w": normal(8, 8, 3, 3),
            "b": normal(8),
            "w1": normal(4, 8, 1, 1),
            "b1": positive(4),
            "w2": normal(8, 4, 1, 1),
            "b2": normal(8),
        },
    )


@case()
def conv_grouped() -> onnx.ModelProto:
    return model(
        "float[N, 4, 5, 5] x",
        "float[N, 6, 3, 3] y",
        "y = Conv <group = 2> (x, w, b)",
        {"w": normal(6, 2, 3, 3), "b": normal(6)},
    )


@case()
def conv_one_dimensional() -> onnx.ModelProto:
    return model(
        "float[N, 3, 9] x",
        "float[N, 4, 7] y",
        "y = Conv (x, w, b)",
        {"w": normal(4, 3, 3), "b": normal(4)},
    )


@case()
def conv_transposed() -> onnx.ModelProto:
    return model(
        "float[N, 3, 4, 4] x",
        "float[N, 5, 6, 6] y",
        "y = ConvTranspose (x, w, b)",
        {"w": normal(3, 5, 3, 3), "b": normal(5)},
    )


def activated(activation: str, values: dict[str, Values]) -> onnx.ModelProto:
    """A convolution with an activation that fuses into it."""
    return model(
        "float[N, 3, 5, 5] x",
        "float[N, 8, 3, 3] y",
        f"a = Conv (x, w, b) y = {activation}",
        {"w": normal(8, 3, 3, 3), "b": normal(8), **values},
    )


@case()
def conv_relu() -> onnx.ModelProto:
    return activated("Relu (a)", {})


@case()
def conv_leaky_relu() -> onnx.ModelProto:
    return activated("LeakyRelu <alpha = 0.2> (a)", {})


@case()
def conv_hard_sigmoid() -> onnx.ModelProto:
    return activated("HardSigmoid <alpha = 0.3> (a)", {})


@case()
def conv_sigmoid() -> onnx.ModelProto:
    return activated("Sigmoid (a)", {})


@case()
def conv_prelu() -> onnx.ModelProto:
    return activated("PRelu (a, slope)", {"slope": normal(8, 1, 1)})


@case()
def conv_clip() -> onnx.ModelProto:
    """The bounds become attributes of the fused convolution."""
    return activated("Clip (a, low, high)", {"low": one(0.0), "high": one(1.5)})


@case()
def gemm() -> onnx.ModelProto:
    values = {"w": normal(6, 4), "b": normal(4)}
    return model(ROW, "float[N, 4] y", "y = Gemm (x, w, b)", values)


@case()
def gemm_transposed() -> onnx.ModelProto:
    body = "a = Gemm <transB = 1> (x, w, b) y = Relu (a)"
    return model(ROW, "float[N, 4] y", body, {"w": normal(4, 6), "b": positive(4)})


@case()
def gemm_scaled() -> onnx.ModelProto:
    body = "y = Gemm <alpha = 0.5, beta = 2.0, transB = 1> (x, w, b)"
    return model(ROW, "float[N, 4] y", body, {"w": normal(4, 6), "b": normal(4)})


@case()
def gemm_fixed_batch() -> onnx.ModelProto:
    values = {"w": normal(6, 4), "b": normal(4)}
    return model("float[3, 6] x", "float[3, 4] y", "y = Gemm (x, w, b)", values)


@case()
def gemm_float64() -> onnx.ModelProto:
    return model(
        "double[N, 6] x",
        "double[N, 4] y",
        "a = Gemm (x, w, b) m = MatMul (a, v) y = Add (m, c)",
        {
            "w": normal(6, 5, dtype=np.float64),
            "b": normal(5, dtype=np.float64),
            "v": normal(5, 4, dtype=np.float64),
            "c": normal(4, dtype=np.float64),
        },
    )


@case()
def matmul_add() -> onnx.ModelProto:
    body = "m = MatMul (x, w) y = Add (m, b)"
    return model(ROW, "float[N, 4] y", body, {"w": normal(6, 4), "b": normal(4)})


@case()
def matmul_batched() -> onnx.ModelProto:
    body = "m = MatMul (x, w) a = Add (b, m) y = Softmax (a)"
    values = {"w": normal(6, 4), "b": normal(4)}
    return model("float[N, 3, 6] x", "float[N, 3, 4] y", body, values)


@case()
def float16_conv() -> onnx.ModelProto:
    return model(
        "float16[N, 3, 5, 5] x",
        "float16[N, 8, 3, 3] y",
        "a = Conv (x, w, b) y = Relu (a)",
        {"w": normal(8, 3, 3, 3, dtype=HALF), "b": normal(8, dtype=HALF)},
    )


@case()
def float16_gemm() -> onnx.ModelProto:
    return model(
        "float16[N, 6] x",
        "float16[N, 4] y",
        "a = Gemm <transB = 1> (x, w, b) m = MatMul (a, v) y = Add (m, c)",
        {
            "w": normal(5, 6, dtype=HALF),
            "b": normal(5, dtype=HALF),
            "v": normal(5, 4, dtype=HALF),
            "c": normal(4, dtype=HALF),
        },
    )


@case()
def float16_weights() -> onnx.ModelProto:
    """Weights kept in half precision, arithmetic in single."""
    values = {"w": normal(6, 4, dtype=HALF)}
    return model(ROW, "float[N, 4] y", "v = Cast <to = 1> (w) y = MatMul (x, v)", values)


@case()
def bfloat16_weights() -> onnx.ModelProto:
    """ONNX Runtime's CPU kernels take no bfloat16: models cast their weights."""
    return model(
        "float[N, 3, 5, 5] x",
        "float[N, 8, 3, 3] y",
        "v = Cast <to = 1> (w) c = Cast <to = 1> (b) y = Conv (x, v, c)",
        {"w": normal(8, 3, 3, 3, dtype=BRAIN), "b": normal(8, dtype=BRAIN)},
    )


@case()
def batch_norm_alone() -> onnx.ModelProto:
    return model(
        "float[N, 3, 5, 5] x",
        "float[N, 3, 5, 5] y",
        "a = Relu (x) y = BatchNormalization (a, gamma, beta, mean, var)",
        {
            "gamma": normal(3),
            "beta": normal(3, seed=1),
            "mean": normal(3, seed=2),
            "var": positive(3),
        },
    )


@case()
def layer_norm() -> onnx.ModelProto:
    body = "a = LayerNormalization (x, g, b) y = Mul (a, s)"
    values = {"g": normal(6), "b": normal(6, seed=1), "s": one(0.5)}
    return model("float[N, 4, 6] x", "float[N, 4, 6] y", body, values)


@case()
def transformer_block() -> onnx.ModelProto:
    """Attention, skip connections and a Gelu, which fuse into operators of their own."""
    return model(
        "float[N, 4, 8] x",
        "float[N, 4, 8] y",
        """
        q = MatMul (x, wq) k = MatMul (x, wk) v = MatMul (x, wv)
        kt = Transpose <perm = [0, 2, 1]> (k) s = MatMul (q, kt) d = Div (s, root)
        p = Softmax <axis = -1> (d) o = MatMul (p, v) m = MatMul (o, wo) mb = Add (m, bo)
        r = Add (mb, x) l = LayerNormalization (r, g, h)
        e = MatMul (l, w1) eb = Add (e, b1)
        t = Div (eb, two) u = Erf (t) z = Add (u, unity) c = Mul (eb, z) f = Mul (c, half)
        n = MatMul (f, w2) nb = Add (n, b2)
        y = Add (nb, l)
        """,
        {
            **{name: normal(8, 8, seed=i) for i, name in enumerate(["wq", "wk", "wv", "wo"])},
            **{name: normal(8, seed=i) for i, name in enumerate(["bo", "g", "h", "b2"])},
            "w1": normal(8, 16),
            "b1": normal(16),
            "w2": normal(16, 8),
            "root": one(8**0.5),
            "two": one(2**0.5),
            "unity": one(1.0),
            "half": one(0.5),
        },
    )


@case()
def lstm() -> onnx.ModelProto:
    values = {"w": normal(1, 12, 5), "r": normal(1, 12, 3), "b": normal(1, 24)}
    body = "y = LSTM <hidden_size = 3> (x, w, r, b)"
    return model("float[S, 2, 5] x", "float[S, 1, 2, 3] y", body, values)


@case()
def gru() -> onnx.ModelProto:
    values = {"w": normal(1, 9, 5), "r": normal(1, 9, 3), "b": normal(1, 18)}
    body = "y = GRU <hidden_size = 3> (x, w, r, b)"
    return model("float[S, 2, 5] x", "float[S, 1, 2, 3] y", body, values)


@case()
def embedding() -> onnx.ModelProto:
    """The input's sign chooses the row; float16 rows are widened after they were chosen."""
    return model(
        "float[N, 2] x",
        "float[N, 2, 4] y",
        """
        a = Sign (x) i = Cast <to = 7> (a)
        g = Gather (w, i) h = Gather (v, i) f = Cast <to = 1> (h)
        y = Add (g, f)
        """,
        {"w": normal(3, 4), "v": normal(3, 4, dtype=HALF)},
    )


@case()
def uint8_images() -> onnx.ModelProto:
    return model(
        "uint8[N, 3, 5, 5] x",
        "float[N, 8, 3, 3] y",
        "a = Cast <to = 1> (x) m = Sub (a, mean) d = Div (m, std) y = Conv (d, w)",
        {"w": normal(8, 3, 3, 3), "mean": normal(1, 3, 1, 1), "std": positive(1, 3, 1, 1)},
    )


@case()
def scalars() -> onnx.ModelProto:
    """Exponents of 1 and 2 are one flip away from the values that ONNX Runtime optimizes away."""
    body = "a = Mul (x, s) b = Add (a, c) d = Div (b, e) y = Clip (d, low, high)"
    values = {"s": 0.5, "c": 2.0, "e": 1.5, "low": 1.25, "high": 1.5}
    return model(ROW, "float[N, 6] y", body, {name: one(v) for name, v in values.items()})
