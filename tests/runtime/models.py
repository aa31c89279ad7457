"""A zoo of small models: every element type, every layout that ONNX Runtime may choose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from analyzer.bits import Values
from analyzer.runtime.layout import Route
from tests.support import parse_model, with_initializers

IN_PLACE, RELOAD, NO_EFFECT = Route.IN_PLACE, Route.RELOAD, Route.NO_EFFECT


@dataclass(frozen=True)
class Case:
    """One model of the zoo.

    Attributes:
        build: Makes its proto.
        routes: Tensor -> expected route, for those that are not changed in place.
        without_effect: Whether no fault of it can ever show, so that tests must not wait for one.
    """

    build: Callable[[], onnx.ModelProto]
    routes: Mapping[str, Route] = field(default_factory=dict)


ZOO: dict[str, Case] = {}


def case(**routes: Route) -> Callable[[Callable[[], onnx.ModelProto]], Case]:
    """Enter a builder into the zoo under its own name."""

    def enter(build: Callable[[], onnx.ModelProto]) -> Case:
        ZOO[build.__name__] = Case(build, routes)
        return ZOO[build.__name__]

    return enter


def weights(*shape: int, dtype: npt.DTypeLike = np.float32, seed: int = 0) -> Values:
    """Normal values, none of them special."""
    rng = np.random.default_rng([seed, *shape])
    return np.asarray(rng.standard_normal(shape) / 2, dtype)


def codes(*shape: int, dtype: npt.DTypeLike = np.int8, low: int = -100, high: int = 100) -> Values:
    """Integers in ``low .. high - 1``."""
    return np.random.default_rng(list(shape)).integers(low, high, shape).astype(dtype)


def f32(*values: float) -> Values:
    """A float32 vector, or a scalar where one value is given."""
    return np.array(values if len(values) > 1 else values[0], np.float32)


def model(signature: str, body: str, opset: int = 17, **values: Values) -> onnx.ModelProto:
    """A model from the text of its nodes, with these initializers."""
    domains = f'"" : {opset}, "com.microsoft" : 1'
    header = f"<ir_version: {10 if opset >= 21 else 8}, opset_import: [{domains}]>"
    return with_initializers(parse_model(f"{header} net ({signature}) {{ {body} }}"), values)


IMAGE = "float[N, 3, 6, 6] x) => (float[N, d, h, w] y"
ROWS = "float[N, 6] x) => (float[N, d] y"


@case()
def conv_blocked() -> onnx.ModelProto:
    """Channels 3, 8, 16: ONNX Runtime keeps blocks of 8 or 16 channels together, zero padded."""
    return model(
        "float[N, 3, 6, 6] x) => (float[N, 10] y",
        """
        a = Conv <pads = [1, 1, 1, 1]> (x, w1, b1)
        r = Relu (a)
        c = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (r, w2, b2)
        s = Relu (c)
        p = GlobalAveragePool (s)
        f = Flatten (p)
        y = Gemm <transB = 1> (f, fc_w, fc_b)
        """,
        w1=weights(8, 3, 3, 3),
        b1=weights(8),
        w2=weights(16, 8, 3, 3),
        b2=weights(16),
        fc_w=weights(10, 16),
        fc_b=weights(10),
    )


@case()
def conv_float64() -> onnx.ModelProto:
    return model(
        "double[N, 3, 6, 6] x) => (double[N, 5, 4, 4] y",
        "a = Conv (x, w, b) y = Relu (a)",
        w=weights(5, 3, 3, 3, dtype=np.float64),
        b=weights(5, dtype=np.float64),
    )


@case()
def gemm_float64() -> onnx.ModelProto:
    return model(
        "double[N, 6] x) => (double[N, 4] y",
        "a = Gemm (x, w, b) m = MatMul (a, v) y = Add (m, c)",
        w=weights(6, 5, dtype=np.float64),
        b=weights(5, dtype=np.float64),
        v=weights(5, 4, dtype=np.float64),
        c=weights(4, dtype=np.float64),
    )


@case()
def conv_depthwise() -> onnx.ModelProto:
    return model(
        "float[N, 3, 6, 6] x) => (float[N, 16, 4, 4] y",
        """
        a = Conv (x, w1, b1)
        d = Conv <group = 8, pads = [1, 1, 1, 1]> (a, dw, db)
        r = Relu (d)
        y = Conv (r, pw, pb)
        """,
        w1=weights(8, 3, 3, 3),
        b1=weights(8),
        dw=weights(8, 1, 3, 3),
        db=weights(8),
        pw=weights(16, 8, 1, 1),
        pb=weights(16),
    )


@case()
def conv_residual() -> onnx.ModelProto:
    return model(
        "float[N, 3, 6, 6] x) => (float[N, 16, 6, 6] y",
        """
        a = Conv <pads = [1, 1, 1, 1]> (x, w1, b1)
        r = Relu (a)
        c = Conv <pads = [1, 1, 1, 1]> (r, w2)
        s = Add (c, r)
        y = Relu (s)
        """,
        w1=weights(16, 3, 3, 3),
        b1=weights(16),
        w2=weights(16, 16, 3, 3),
    )


@case()
def conv_grouped() -> onnx.ModelProto:
    return model(
        "float[N, 4, 5, 5] x) => (float[N, 6, 3, 3] y",
        "y = Conv <group = 2> (x, w, b)",
        w=weights(6, 2, 3, 3),
        b=weights(6),
    )


@case()
def conv_one_dimensional() -> onnx.ModelProto:
    return model(
        "float[N, 3, 9] x) => (float[N, 4, 7] y",
        "y = Conv (x, w, b)",
        w=weights(4, 3, 3),
        b=weights(4),
    )


@case()
def conv_transposed() -> onnx.ModelProto:
    return model(
        "float[N, 3, 4, 4] x) => (float[N, 5, 6, 6] y",
        "y = ConvTranspose (x, w, b)",
        w=weights(3, 5, 3, 3),
        b=weights(5),
    )


def _activated(activation: str, **values: Values) -> onnx.ModelProto:
    return model(
        "float[N, 3, 5, 5] x) => (float[N, 8, 3, 3] y",
        f"a = Conv (x, w, b) y = {activation}",
        w=weights(8, 3, 3, 3),
        b=weights(8),
        **values,
    )


@case()
def conv_leaky_relu() -> onnx.ModelProto:
    return _activated("LeakyRelu <alpha = 0.2> (a)")


@case()
def conv_hard_sigmoid() -> onnx.ModelProto:
    return _activated("HardSigmoid <alpha = 0.3> (a)")


@case()
def conv_sigmoid() -> onnx.ModelProto:
    return _activated("Sigmoid (a)")


@case(low=RELOAD, high=RELOAD)
def conv_clip() -> onnx.ModelProto:
    """The bounds become attributes of the fused convolution."""
    return _activated("Clip (a, low, high)", low=f32(0.0), high=f32(1.5))


@case()
def conv_prelu() -> onnx.ModelProto:
    return _activated("PRelu (a, slope)", slope=weights(8, 1, 1))


@case(low=RELOAD, high=RELOAD)
def clip_alone() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 6] y", "y = Clip (x, low, high)",
                 low=f32(-0.5), high=f32(0.75))


@case()
def gemm_plain() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 4] y", "y = Gemm (x, w, b)",
                 w=weights(6, 4), b=weights(4))


@case()
def gemm_transposed() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 4] y", "a = Gemm <transB = 1> (x, w, b) y = Relu (a)",
                 w=weights(4, 6), b=weights(4))


@case()
def gemm_scaled() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 4] y",
                 "y = Gemm <alpha = 0.5, beta = 2.0, transB = 1> (x, w, b)",
                 w=weights(4, 6), b=weights(4))


@case()
def matmul_add() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 4] y", "m = MatMul (x, w) y = Add (m, b)",
                 w=weights(6, 4), b=weights(4))


@case()
def matmul_batched() -> onnx.ModelProto:
    return model("float[N, 3, 6] x) => (float[N, 3, 4] y",
                 "m = MatMul (x, w) a = Add (b, m) y = Softmax (a)",
                 w=weights(6, 4), b=weights(4))


@case()
def matmul_transposed_weight() -> onnx.ModelProto:
    """A Transpose of a constant is done when loading."""
    return model("float[N, 6] x) => (float[N, 4] y",
                 "t = Transpose <perm = [1, 0]> (w) y = MatMul (x, t)",
                 w=weights(4, 6))


@case()
def float16_conv() -> onnx.ModelProto:
    return model("float16[N, 3, 5, 5] x) => (float16[N, 8, 3, 3] y",
                 "a = Conv (x, w, b) y = Relu (a)",
                 w=weights(8, 3, 3, 3, dtype=np.float16), b=weights(8, dtype=np.float16))


@case()
def float16_gemm() -> onnx.ModelProto:
    return model("float16[N, 6] x) => (float16[N, 4] y",
                 "a = Gemm <transB = 1> (x, w, b) m = MatMul (a, v) y = Add (m, c)",
                 w=weights(5, 6, dtype=np.float16), b=weights(5, dtype=np.float16),
                 v=weights(5, 4, dtype=np.float16), c=weights(4, dtype=np.float16))


@case()
def float16_cast() -> onnx.ModelProto:
    """Weights kept in half precision, arithmetic in single."""
    return model("float[N, 6] x) => (float[N, 4] y",
                 "v = Cast <to = 1> (w) y = MatMul (x, v)",
                 w=weights(6, 4, dtype=np.float16))


@case()
def bfloat16_cast() -> onnx.ModelProto:
    return model("float[N, 3, 5, 5] x) => (float[N, 8, 3, 3] y",
                 "v = Cast <to = 1> (w) c = Cast <to = 1> (b) y = Conv (x, v, c)",
                 w=weights(8, 3, 3, 3, dtype=ml_dtypes.bfloat16),
                 b=weights(8, dtype=ml_dtypes.bfloat16))


@case(w=RELOAD, b=RELOAD, gamma=RELOAD, beta=RELOAD, mean=RELOAD, var=RELOAD)
def batch_norm_folded() -> onnx.ModelProto:
    return model(
        "float[N, 3, 5, 5] x) => (float[N, 8, 3, 3] y",
        "a = Conv (x, w, b) y = BatchNormalization (a, gamma, beta, mean, var)",
        w=weights(8, 3, 3, 3), b=weights(8), gamma=weights(8), beta=weights(8, seed=1),
        mean=weights(8, seed=2), var=np.abs(weights(8, seed=3)) + np.float32(0.1),
    )


@case(w=RELOAD, gamma=RELOAD, beta=RELOAD, mean=RELOAD, var=RELOAD)
def batch_norm_all_gammas_zero() -> onnx.ModelProto:
    """Golden weights have no influence at all; an infinite one has."""
    return model(
        "float[N, 3, 5, 5] x) => (float[N, 8, 3, 3] y",
        "a = Conv (x, w) y = BatchNormalization (a, gamma, beta, mean, var)",
        w=weights(8, 3, 3, 3), gamma=np.zeros(8, np.float32), beta=weights(8, seed=1),
        mean=weights(8, seed=2), var=np.abs(weights(8, seed=3)) + np.float32(0.1),
    )


@case()
def batch_norm_alone() -> onnx.ModelProto:
    return model(
        "float[N, 3, 5, 5] x) => (float[N, 3, 5, 5] y",
        "a = Relu (x) y = BatchNormalization (a, gamma, beta, mean, var)",
        gamma=weights(3), beta=weights(3, seed=1), mean=weights(3, seed=2),
        var=np.abs(weights(3, seed=3)) + np.float32(0.1),
    )


@case()
def layer_norm() -> onnx.ModelProto:
    return model("float[N, 4, 6] x) => (float[N, 4, 6] y",
                 "a = LayerNormalization (x, g, b) y = Mul (a, s)",
                 g=weights(6), b=weights(6, seed=1), s=weights(1))


@case()
def instance_norm() -> onnx.ModelProto:
    return model("float[N, 3, 5, 5] x) => (float[N, 3, 5, 5] y",
                 "y = InstanceNormalization (x, g, b)", g=weights(3), b=weights(3, seed=1))


@case()
def conv_mul_add() -> onnx.ModelProto:
    return model("float[N, 3, 5, 5] x) => (float[N, 8, 3, 3] y",
                 "a = Conv (x, w) m = Mul (a, s) y = Add (m, c)",
                 w=weights(8, 3, 3, 3), s=weights(1, 8, 1, 1), c=weights(1, 8, 1, 1, seed=1))


@case()
def lstm() -> onnx.ModelProto:
    return model("float[S, 2, 5] x) => (float[S, 1, 2, 3] y",
                 "y = LSTM <hidden_size = 3> (x, w, r, b)",
                 w=weights(1, 12, 5), r=weights(1, 12, 3), b=weights(1, 24))


@case()
def gru() -> onnx.ModelProto:
    return model("float[S, 2, 5] x) => (float[S, 1, 2, 3] y",
                 "y = GRU <hidden_size = 3> (x, w, r, b)",
                 w=weights(1, 9, 5), r=weights(1, 9, 3), b=weights(1, 18))


@case()
def tied_twice() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 6] y",
                 "a = MatMul (x, w) r = Relu (a) m = MatMul (r, w) y = Add (m, b)",
                 w=weights(6, 6), b=weights(6))


@case()
def tied_and_transposed() -> onnx.ModelProto:
    """The optimizer stores a second, transposed copy: one element, two places."""
    return model("float[N, 6] x) => (float[N, 6] y",
                 "a = MatMul (x, w) r = Relu (a) t = Transpose <perm = [1, 0]> (w) y = MatMul (r, t)",
                 w=weights(6, 6))


@case()
def tied_conv() -> onnx.ModelProto:
    return model("float[N, 8, 5, 5] x) => (float[N, 8, 5, 5] y",
                 """
                 a = Conv <pads = [1, 1, 1, 1]> (x, w, b)
                 r = Relu (a)
                 y = Conv <pads = [1, 1, 1, 1]> (r, w, b)
                 """,
                 w=weights(8, 8, 3, 3), b=weights(8))


@case()
def tied_conv_and_plain() -> onnx.ModelProto:
    """One reader wants blocks of channels, the other the plain order."""
    return model("float[N, 8, 5, 5] x) => (float[N, 8, 5, 5] y",
                 """
                 a = Conv <pads = [1, 1, 1, 1]> (x, w)
                 s = ReduceMean <axes = [0, 2, 3]> (w)
                 y = Add (a, s)
                 """,
                 w=weights(8, 8, 3, 3))


@case()
def tied_and_folded() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 6] y",
                 "e = Exp (w) a = MatMul (x, e) y = MatMul (a, w)",
                 w=weights(6, 6))


@case()
def folded_to_index() -> onnx.ModelProto:
    """The weight decides, through a comparison done when loading, what is kept: a bool tensor."""
    return model("float[N, 6] x) => (float[N, 6] y",
                 "k = Greater (w, t) y = Where (k, x, w)", w=weights(6), t=f32(0.0))


@case()
def folded_to_bool() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 6] y",
                 "z = Relu (x) k = Greater (w, t) y = Where (k, x, z)", w=weights(6), t=f32(0.0))


@case()
def weight_in_branch() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 6] y",
        """
        a = MatMul (x, w)
        m = ReduceMax <keepdims = 0> (x)
        k = Greater (m, zero)
        y = If (k) <
            then_branch = yes () => (float[N, 6] p) { p = MatMul (a, w) },
            else_branch = no () => (float[N, 6] q) { q = Add (a, b) }
        >
        """,
        w=weights(6, 6), b=weights(6), zero=f32(0.0))


@case()
def weight_only_in_branch() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 6] y",
        """
        m = ReduceMax <keepdims = 0> (x)
        k = Greater (m, zero)
        y = If (k) <
            then_branch = yes () => (float[N, 6] p) { p = MatMul (x, w) },
            else_branch = no () => (float[N, 6] q) { q = Add (x, b) }
        >
        """,
        w=weights(6, 6), b=weights(6), zero=f32(0.0))


@case()
def weight_folded_in_branch() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 6] y",
        """
        a = MatMul (x, w)
        m = ReduceMax <keepdims = 0> (x)
        k = Greater (m, zero)
        y = If (k) <
            then_branch = yes () => (float[N, 6] p) {
                e = Transpose <perm = [1, 0]> (w)
                p = MatMul (a, e) },
            else_branch = no () => (float[N, 6] q) { q = Add (a, b) }
        >
        """,
        w=weights(6, 6), b=weights(6), zero=f32(0.0))


@case()
def fixed_batch() -> onnx.ModelProto:
    return model("float[3, 6] x) => (float[3, 4] y", "y = Gemm (x, w, b)",
                 w=weights(6, 4), b=weights(4))


@case()
def embedding() -> onnx.ModelProto:
    """Rows chosen by the input; int32 indices stored in the file are out of scope."""
    return model("float[N, 2] x) => (float[N, 2, 4] y",
                 """
                 a = Abs (x) f = Floor (a) m = Min (f, top) i = Cast <to = 7> (m)
                 y = Gather (w, i)
                 """,
                 w=weights(5, 4), top=f32(4.0))


@case()
def gelu() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 4] y",
                 """
                 m = MatMul (x, w) a = Add (m, b)
                 d = Div (a, root) e = Erf (d) p = Add (e, one) q = Mul (a, p) y = Mul (q, half)
                 """,
                 w=weights(6, 4), b=weights(4), root=f32(2.0**0.5), one=f32(1.0), half=f32(0.5))


@case()
def scalars() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 6] y",
                 "a = Mul (x, s) b = Add (a, c) y = Div (b, d)", s=f32(0.5), c=f32(2.0), d=f32(3.0))


QDQ_CONV = """
    xq = QuantizeLinear (x, xs, xz)
    xd = DequantizeLinear (xq, xs, xz)
    wd = DequantizeLinear <axis = 0> (w, ws, wz)
    bd = DequantizeLinear <axis = 0> (b, bs, bz)
    a = Conv <pads = [1, 1, 1, 1]> (xd, wd, bd)
    r = Relu (a)
    rq = QuantizeLinear (r, rs, rz)
    rd = DequantizeLinear (rq, rs, rz)
    vd = DequantizeLinear (v, vs, vz)
    c = Conv (rd, vd)
    yq = QuantizeLinear (c, ys, yz)
    y = DequantizeLinear (yq, ys, yz)
"""


def _qdq_conv(activation: npt.DTypeLike, zero: int, weight: npt.DTypeLike, **more: Values) -> onnx.ModelProto:
    ws = np.linspace(0.01, 0.02, 8, dtype=np.float32)
    low, high = (1, 250) if np.dtype(weight) == np.uint8 else (-120, 120)
    values = {
        "xs": f32(0.02), "xz": np.array(zero, activation),
        "w": codes(8, 3, 3, 3, dtype=weight, low=low, high=high),
        "ws": ws, "wz": np.full(8, 128 if low == 1 else 0, weight),
        "b": codes(8, dtype=np.int32, low=-900, high=900),
        "bs": ws * np.float32(0.02), "bz": np.zeros(8, np.int32),
        "rs": f32(0.03), "rz": np.array(zero, activation),
        "v": codes(4, 8, 1, 1, dtype=weight, low=low, high=high),
        "vs": f32(0.01), "vz": np.array(128 if low == 1 else 0, weight),
        "ys": f32(0.05), "yz": np.array(zero, activation),
    }
    return model("float[N, 3, 5, 5] x) => (float[N, 4, 5, 5] y", QDQ_CONV, **{**values, **more})


@case()
def qdq_uint8_int8() -> onnx.ModelProto:
    return _qdq_conv(np.uint8, 128, np.int8)


@case()
def qdq_uint8_zero_int8() -> onnx.ModelProto:
    return _qdq_conv(np.uint8, 0, np.int8)


@case()
def qdq_int8_int8_symmetric() -> onnx.ModelProto:
    return _qdq_conv(np.int8, 0, np.int8)


@case()
def qdq_int8_int8_relu_min() -> onnx.ModelProto:
    return _qdq_conv(np.int8, 0, np.int8, rz=np.array(-128, np.int8))


@case()
def qdq_uint8_uint8() -> onnx.ModelProto:
    return _qdq_conv(np.uint8, 128, np.uint8)


@case()
def qdq_gemm() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 5] y",
        """
        xq = QuantizeLinear (x, xs, xz)
        xd = DequantizeLinear (xq, xs, xz)
        wd = DequantizeLinear (w, ws, wz)
        bd = DequantizeLinear (b, bs, bz)
        a = Gemm <transB = 1> (xd, wd, bd)
        aq = QuantizeLinear (a, as, az)
        ad = DequantizeLinear (aq, as, az)
        vd = DequantizeLinear (v, vs, vz)
        m = MatMul (ad, vd)
        yq = QuantizeLinear (m, ys, yz)
        y = DequantizeLinear (yq, ys, yz)
        """,
        **{"as": f32(0.05)},
        xs=f32(0.02), xz=np.array(120, np.uint8), w=codes(7, 6), ws=f32(0.01),
        wz=np.array(0, np.int8), b=codes(7, dtype=np.int32, low=-900, high=900),
        bs=f32(0.0002), bz=np.array(0, np.int32), az=np.array(130, np.uint8),
        v=codes(7, 5), vs=f32(0.01), vz=np.array(0, np.int8), ys=f32(0.05), yz=np.array(125, np.uint8))


@case()
def qdq_gemm_per_channel() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 7] y",
        """
        xq = QuantizeLinear (x, xs, xz)
        xd = DequantizeLinear (xq, xs, xz)
        wd = DequantizeLinear <axis = 0> (w, ws, wz)
        bd = DequantizeLinear <axis = 0> (b, bs, bz)
        a = Gemm <transB = 1> (xd, wd, bd)
        aq = QuantizeLinear (a, as, az)
        y = DequantizeLinear (aq, as, az)
        """,
        **{"as": f32(0.05)},
        xs=f32(0.02), xz=np.array(0, np.int8), w=codes(7, 6),
        ws=np.linspace(0.01, 0.02, 7, dtype=np.float32),
        wz=np.zeros(7, np.int8), b=codes(7, dtype=np.int32, low=-900, high=900),
        bs=np.linspace(0.01, 0.02, 7, dtype=np.float32) * np.float32(0.02),
        bz=np.zeros(7, np.int32), az=np.array(0, np.int8))


@case()
def qdq_weight_only() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 5] y",
        "wd = DequantizeLinear <axis = 1> (w, ws, wz) y = MatMul (x, wd)",
        w=codes(6, 5), ws=np.linspace(0.01, 0.02, 5, dtype=np.float32), wz=np.zeros(5, np.int8))


@case()
def qdq_float_bias() -> onnx.ModelProto:
    return model("float[N, 3, 5, 5] x) => (float[N, 8, 3, 3] y",
        """
        xq = QuantizeLinear (x, xs, xz)
        xd = DequantizeLinear (xq, xs, xz)
        wd = DequantizeLinear <axis = 0> (w, ws, wz)
        a = Conv (xd, wd, b)
        yq = QuantizeLinear (a, ys, yz)
        y = DequantizeLinear (yq, ys, yz)
        """,
        xs=f32(0.02), xz=np.array(120, np.uint8), w=codes(8, 3, 3, 3),
        ws=np.linspace(0.01, 0.02, 8, dtype=np.float32), wz=np.zeros(8, np.int8),
        b=weights(8), ys=f32(0.05), yz=np.array(125, np.uint8))


@case()
def qdq_weights_quantized_when_loading() -> onnx.ModelProto:
    """The file holds float weights and quantizes them itself."""
    return model("float[N, 3, 5, 5] x) => (float[N, 8, 3, 3] y",
        """
        xq = QuantizeLinear (x, xs, xz)
        xd = DequantizeLinear (xq, xs, xz)
        wq = QuantizeLinear <axis = 0> (w, ws, wz)
        wd = DequantizeLinear <axis = 0> (wq, ws, wz)
        a = Conv (xd, wd)
        yq = QuantizeLinear (a, ys, yz)
        y = DequantizeLinear (yq, ys, yz)
        """,
        xs=f32(0.02), xz=np.array(120, np.uint8), w=weights(8, 3, 3, 3),
        ws=np.linspace(0.01, 0.02, 8, dtype=np.float32), wz=np.zeros(8, np.int8),
        ys=f32(0.05), yz=np.array(125, np.uint8))


@case()
def qdq_tied_activation_scale() -> onnx.ModelProto:
    """A convolution and a lookup table share one scale."""
    return model("float[N, 3, 5, 5] x) => (float[N, 4, 5, 5] y",
        """
        xq = QuantizeLinear (x, xs, xz)
        aq = QLinearConv (xq, xs, xz, w, ws, wz, as, az)
        bq = QLinearConv (aq, as, az, v, vs, vz, bs, bz)
        cq = QLinearConv (bq, bs, bz, v, vs, vz, cs, cz)
        dq = QLinearConv (cq, cs, cz, v, vs, vz, ds, dz)
        eq = com.microsoft.QLinearLeakyRelu <alpha = 0.1> (dq, ds, dz, ys, yz)
        y = DequantizeLinear (eq, ys, yz)
        """,
        **{"as": f32(0.05)},
        xs=f32(0.02), xz=np.array(120, np.uint8), w=codes(4, 3, 1, 1), ws=f32(0.01), wz=np.array(0, np.int8),
        az=np.array(125, np.uint8), v=codes(4, 4, 1, 1), vs=f32(0.012), vz=np.array(0, np.int8),
        bs=f32(0.051), bz=np.array(121, np.uint8),
        cs=f32(0.052), cz=np.array(122, np.uint8),
        ds=f32(0.053), dz=np.array(123, np.uint8),
        ys=f32(0.054), yz=np.array(124, np.uint8))


def _lookup(operator: str) -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 6] y",
        f"""
        xq = QuantizeLinear (x, xs, xz)
        yq = com.microsoft.{operator} (xq, ls, lz, ys, yz)
        y = DequantizeLinear (yq, ys, yz)
        """,
        xs=f32(0.02), xz=np.array(120, np.uint8), ls=f32(0.021), lz=np.array(118, np.uint8),
        ys=f32(0.05), yz=np.array(125, np.uint8))


@case()
def lookup_leaky_relu() -> onnx.ModelProto:
    return _lookup("QLinearLeakyRelu <alpha = 0.1>")


@case()
def lookup_sigmoid() -> onnx.ModelProto:
    return _lookup("QLinearSigmoid")


@case()
def qoperator_conv() -> onnx.ModelProto:
    return model("float[N, 3, 5, 5] x) => (float[N, 8, 5, 5] y",
        """
        xq = QuantizeLinear (x, xs, xz)
        aq = QLinearConv <pads = [1, 1, 1, 1]> (xq, xs, xz, w, ws, wz, as, az, b)
        cq = com.microsoft.QLinearAdd (aq, as, az, aq, as, az, cs, cz)
        y = DequantizeLinear (cq, cs, cz)
        """,
        **{"as": f32(0.05)},
        xs=f32(0.02), xz=np.array(120, np.uint8), w=codes(8, 3, 3, 3),
        ws=np.linspace(0.01, 0.02, 8, dtype=np.float32), wz=np.zeros(8, np.int8),
        b=codes(8, dtype=np.int32, low=-900, high=900), az=np.array(125, np.uint8),
        cs=f32(0.1), cz=np.array(124, np.uint8))


@case()
def qoperator_gemm() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 5] y",
        """
        xq = QuantizeLinear (x, xs, xz)
        aq = QLinearMatMul (xq, xs, xz, w, ws, wz, as, az)
        cq = com.microsoft.QGemm <transB = 1> (aq, as, az, v, vs, vz, b, cs, cz)
        y = DequantizeLinear (cq, cs, cz)
        """,
        **{"as": f32(0.05)},
        xs=f32(0.02), xz=np.array(120, np.uint8), w=codes(6, 7), ws=f32(0.01), wz=np.array(0, np.int8),
        az=np.array(125, np.uint8), v=codes(5, 7), vs=f32(0.01), vz=np.array(0, np.int8),
        b=codes(5, dtype=np.int32, low=-900, high=900), cs=f32(0.1), cz=np.array(124, np.uint8))


@case()
def dynamic_quantized() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 5] y",
        """
        xq, xs, xz = DynamicQuantizeLinear (x)
        i = MatMulInteger (xq, w, xz, wz)
        f = Cast <to = 1> (i)
        s = Mul (xs, ws)
        m = Mul (f, s)
        y = Add (m, b)
        """,
        w=codes(6, 5), wz=np.array(0, np.int8), ws=f32(0.01), b=weights(5))


INT4 = np.dtype(ml_dtypes.int4)
UINT4 = np.dtype(ml_dtypes.uint4)


@case()
def int4_per_tensor() -> onnx.ModelProto:
    return model("float[N, 7] x) => (float[N, 5] y",
        "wd = DequantizeLinear (w, ws, wz) y = MatMul (x, wd)", opset=21,
        w=codes(7, 5, dtype=INT4, low=-8, high=8), ws=f32(0.1), wz=np.array(1, INT4))


@case()
def uint4_per_channel() -> onnx.ModelProto:
    return model("float[N, 7] x) => (float[N, 5] y",
        "wd = DequantizeLinear <axis = 1> (w, ws, wz) y = MatMul (x, wd)", opset=21,
        w=codes(7, 5, dtype=UINT4, low=0, high=16), ws=np.linspace(0.1, 0.2, 5, dtype=np.float32),
        wz=codes(5, dtype=UINT4, low=6, high=10))


@case()
def int4_blocked() -> onnx.ModelProto:
    return model("float[N, 32] x) => (float[N, 5] y",
        "wd = DequantizeLinear <axis = 0, block_size = 16> (w, ws, wz) y = MatMul (x, wd)", opset=21,
        w=codes(32, 5, dtype=INT4, low=-8, high=8), ws=weights(2, 5), wz=codes(2, 5, dtype=INT4, low=-2, high=2))


@case()
def int4_conv() -> onnx.ModelProto:
    return model("float[N, 3, 5, 5] x) => (float[N, 8, 3, 3] y",
        "wd = DequantizeLinear <axis = 0> (w, ws) y = Conv (x, wd, b)", opset=21,
        w=codes(8, 3, 3, 3, dtype=INT4, low=-8, high=8), ws=np.linspace(0.1, 0.2, 8, dtype=np.float32), b=weights(8))


@case()
def bfloat16_native() -> onnx.ModelProto:
    return model("float[N, 6] x) => (float[N, 4] y",
        "h = Cast <to = 16> (x) m = MatMul (h, w) y = Cast <to = 1> (m)", opset=21,
        w=weights(6, 4, dtype=ml_dtypes.bfloat16))
