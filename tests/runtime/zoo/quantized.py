"""Quantized models: QDQ and operator format, per channel, int4.

Scalars (scales and zero points of whole tensors) are always loaded anew: they decide what ONNX
Runtime fuses. So do per-channel scales whose product must equal the bias scale.
"""

from collections.abc import Mapping
from types import MappingProxyType

import ml_dtypes
import numpy as np
import numpy.typing as npt
import onnx

from analyzer.faults.elements import Values
from tests.runtime.zoo.floats import HALF, ROW
from tests.runtime.zoo.registry import case, integers, model, normal, one, ramp

INT4, UINT4 = np.dtype(ml_dtypes.int4), np.dtype(ml_dtypes.uint4)
U8, I8, I32 = np.uint8, np.int8, np.int32
IMAGE = "float[N, 3, 5, 5] x"

CONVOLUTIONS = """
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


def convolutions(
    activation: npt.DTypeLike,
    zero: int,
    relu_zero: int,
    weight: npt.DTypeLike,
    others: Mapping[str, Values] = MappingProxyType({}),
) -> onnx.ModelProto:
    """Conv, Relu, Conv in QDQ format: per channel with an int32 bias, then per tensor."""
    unsigned = np.dtype(weight) == np.uint8
    span = (5, 250) if unsigned else (-120, 120)
    weight_zero = 128 if unsigned else 0
    values = {
        "xs": one(0.02),
        "xz": one(zero, activation),
        "w": integers(8, 3, 3, 3, dtype=weight, low=span[0], high=span[1]),
        "ws": ramp(8),
        "wz": np.full(8, weight_zero, weight),
        "b": integers(8, dtype=I32, low=-900, high=900),
        "bs": ramp(8) * np.float32(0.02),
        "bz": np.zeros(8, I32),
        "rs": one(0.03),
        "rz": one(relu_zero, activation),
        "v": integers(4, 8, 1, 1, dtype=weight, low=span[0], high=span[1]),
        "vs": one(0.01),
        "vz": one(weight_zero, weight),
        "ys": one(0.05),
        "yz": one(zero, activation),
    }
    return model(IMAGE, "float[N, 4, 5, 5] y", CONVOLUTIONS, {**values, **others})


@case(reload="ws bs bz")
def qdq_conv_uint8_int8() -> onnx.ModelProto:
    """The usual kind: the Relu disappears into a zero point of 0, both convolutions fuse."""
    return convolutions(U8, 128, 0, I8)


@case(reload="ws bs bz")
def qdq_conv_uint8_uint8() -> onnx.ModelProto:
    return convolutions(U8, 128, 0, U8)


@case(reload="ws bs bz")
def qdq_conv_int8_int8() -> onnx.ModelProto:
    return convolutions(I8, 0, -128, I8)


TIES: dict[str, Values] = {
    "w": integers(8, 3, 3, 3, low=-3, high=4),
    "ws": np.full(8, 0.01, np.float32),
    "b": integers(8, dtype=I32, low=-20, high=20),
    "bs": np.full(8, 2e-4, np.float32),
    "rs": one(4e-4),
    "ys": one(1e-3),
}
"""Sums times 0.02 x 0.01 / 4e-4 = 1/2: integer and float kernels round every other one apart."""


@case()
def qdq_conv_with_relu_kept() -> onnx.ModelProto:
    """One flip of the zero point 128 makes it 0, the Relu superfluous and the kernel another."""
    return convolutions(U8, 128, 128, I8, TIES)


@case()
def qdq_conv_symmetric() -> onnx.ModelProto:
    """One flip of the zero point 0 makes it -128, with the same consequence."""
    return convolutions(I8, 0, 0, I8, TIES)


@case(reload="ws b")
def qdq_conv_float_bias() -> onnx.ModelProto:
    """ONNX Runtime quantizes the bias when loading."""
    return model(
        IMAGE,
        "float[N, 8, 3, 3] y",
        """
        xq = QuantizeLinear (x, xs, xz) xd = DequantizeLinear (xq, xs, xz)
        wd = DequantizeLinear <axis = 0> (w, ws, wz)
        a = Conv (xd, wd, b)
        yq = QuantizeLinear (a, ys, yz) y = DequantizeLinear (yq, ys, yz)
        """,
        {
            "xs": one(0.02),
            "xz": one(120, U8),
            "w": integers(8, 3, 3, 3),
            "ws": ramp(8),
            "wz": np.zeros(8, I8),
            "b": normal(8),
            "ys": one(0.05),
            "yz": one(125, U8),
        },
    )


@case(reload="w ws wz")
def qdq_conv_float_weights() -> onnx.ModelProto:
    """The file holds float weights and quantizes them itself, as after training."""
    return model(
        IMAGE,
        "float[N, 8, 3, 3] y",
        """
        xq = QuantizeLinear (x, xs, xz) xd = DequantizeLinear (xq, xs, xz)
        wq = QuantizeLinear <axis = 0> (w, ws, wz)
        wd = DequantizeLinear <axis = 0> (wq, ws, wz)
        a = Conv (xd, wd)
        yq = QuantizeLinear (a, ys, yz) y = DequantizeLinear (yq, ys, yz)
        """,
        {
            "xs": one(0.02),
            "xz": one(120, U8),
            "w": normal(8, 3, 3, 3),
            "ws": ramp(8),
            "wz": np.zeros(8, I8),
            "ys": one(0.05),
            "yz": one(125, U8),
        },
    )


@case(reload="ws bs bz us ds dz")
def qdq_conv_packed() -> onnx.ModelProto:
    """Enough channels for kernels that pack symmetric weights: dense, without bias, depthwise."""
    return model(
        "float[N, 16, 5, 5] x",
        "float[N, 16, 3, 3] y",
        """
        xq = QuantizeLinear (x, xs, xz) xd = DequantizeLinear (xq, xs, xz)
        wd = DequantizeLinear <axis = 0> (w, ws, wz) bd = DequantizeLinear <axis = 0> (b, bs, bz)
        a = Conv <pads = [1, 1, 1, 1]> (xd, wd, bd)
        aq = QuantizeLinear (a, as, az) ad = DequantizeLinear (aq, as, az)
        vd = DequantizeLinear <axis = 0> (v, vs, vz)
        c = Conv (ad, vd)
        cq = QuantizeLinear (c, cs, cz) cd = DequantizeLinear (cq, cs, cz)
        ud = DequantizeLinear <axis = 0> (u, us, uz) dd = DequantizeLinear <axis = 0> (d, ds, dz)
        e = Conv <group = 16> (cd, ud, dd)
        yq = QuantizeLinear (e, ys, yz) y = DequantizeLinear (yq, ys, yz)
        """,
        {
            "xs": one(0.02),
            "xz": one(120, U8),
            "w": integers(24, 16, 3, 3),
            "ws": ramp(24),
            "wz": np.zeros(24, I8),
            "b": integers(24, dtype=I32, low=-900, high=900),
            "bs": ramp(24) * np.float32(0.02),
            "bz": np.zeros(24, I32),
            "as": one(0.1),
            "az": one(100, U8),
            "v": integers(16, 24, 1, 1),
            "vs": ramp(16),
            "vz": np.zeros(16, I8),
            "cs": one(0.2),
            "cz": one(0, U8),
            "u": integers(16, 1, 3, 3),
            "us": ramp(16),
            "uz": np.zeros(16, I8),
            "d": integers(16, dtype=I32, low=-900, high=900),
            "ds": ramp(16) * np.float32(0.2),
            "dz": np.zeros(16, I32),
            "ys": one(0.5),
            "yz": one(128, U8),
        },
    )


@case()
def qdq_pool_and_concat() -> onnx.ModelProto:
    return model(
        "float[N, 3, 6, 6] x",
        "float[N, 8, 3, 3] y",
        """
        xq = QuantizeLinear (x, xs, xz) xd = DequantizeLinear (xq, xs, xz)
        wd = DequantizeLinear <axis = 0> (w, ws, wz)
        a = Conv <pads = [1, 1, 1, 1]> (xd, wd)
        aq = QuantizeLinear (a, rs, rz) ad = DequantizeLinear (aq, rs, rz)
        p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (ad)
        pq = QuantizeLinear (p, rs, rz) pd = DequantizeLinear (pq, rs, rz)
        s = Sigmoid (pd)
        sq = QuantizeLinear (s, ss, sz) sd = DequantizeLinear (sq, ss, sz)
        c = Concat <axis = 1> (pd, sd)
        cq = QuantizeLinear (c, cs, cz) y = DequantizeLinear (cq, cs, cz)
        """,
        {
            "xs": one(0.02),
            "xz": one(120, U8),
            "w": integers(4, 3, 3, 3),
            "ws": ramp(4),
            "wz": np.zeros(4, I8),
            "rs": one(0.03),
            "rz": one(128, U8),
            "ss": one(0.004),
            "sz": one(0, U8),
            "cs": one(0.04),
            "cz": one(128, U8),
        },
    )


@case(quiet="bs bz")
def qdq_gemm() -> onnx.ModelProto:
    return model(
        ROW,
        "float[N, 5] y",
        """
        xq = QuantizeLinear (x, xs, xz) xd = DequantizeLinear (xq, xs, xz)
        wd = DequantizeLinear (w, ws, wz) bd = DequantizeLinear (b, bs, bz)
        a = Gemm <transB = 1> (xd, wd, bd)
        aq = QuantizeLinear (a, as, az) ad = DequantizeLinear (aq, as, az)
        vd = DequantizeLinear (v, vs, vz)
        m = MatMul (ad, vd)
        yq = QuantizeLinear (m, ys, yz) y = DequantizeLinear (yq, ys, yz)
        """,
        {
            "xs": one(0.02),
            "xz": one(120, U8),
            "w": integers(7, 6),
            "ws": one(0.01),
            "wz": one(0, I8),
            "b": integers(7, dtype=I32, low=-900, high=900),
            "bs": one(0.0002),
            "bz": one(0, I32),
            "as": one(0.05),
            "az": one(130, U8),
            "v": integers(7, 5),
            "vs": one(0.01),
            "vz": one(0, I8),
            "ys": one(0.05),
            "yz": one(125, U8),
        },
    )


@case(no_effect="bs bz")
def qdq_gemm_per_channel() -> onnx.ModelProto:
    """The fused kernel takes the bias scale for granted."""
    return model(
        ROW,
        "float[N, 7] y",
        """
        xq = QuantizeLinear (x, xs, xz) xd = DequantizeLinear (xq, xs, xz)
        wd = DequantizeLinear <axis = 0> (w, ws, wz) bd = DequantizeLinear <axis = 0> (b, bs, bz)
        a = Gemm <transB = 1> (xd, wd, bd)
        aq = QuantizeLinear (a, as, az) y = DequantizeLinear (aq, as, az)
        """,
        {
            "xs": one(0.02),
            "xz": one(0, I8),
            "w": integers(7, 6),
            "ws": ramp(7),
            "wz": np.zeros(7, I8),
            "b": integers(7, dtype=I32, low=-900, high=900),
            "bs": ramp(7) * np.float32(0.02),
            "bz": np.zeros(7, I32),
            "as": one(0.05),
            "az": one(0, I8),
        },
    )


@case(reload="w ws wz")
def int8_weights_only() -> onnx.ModelProto:
    """The weights are shifted to uint8: their sign bit is stored inverted."""
    body = "wd = DequantizeLinear <axis = 1> (w, ws, wz) y = MatMul (x, wd)"
    values = {"w": integers(6, 5), "ws": ramp(5), "wz": np.zeros(5, I8)}
    return model(ROW, "float[N, 5] y", body, values)


@case(reload="w s z")
def int8_weights_float16_scales() -> onnx.ModelProto:
    body = "d = DequantizeLinear <axis = 1> (w, s, z) y = MatMul (x, d)"
    values: dict[str, Values] = {
        "w": integers(6, 4),
        "s": normal(4, dtype=HALF),
        "z": np.zeros(4, I8),
    }
    return model("float16[N, 6] x", "float16[N, 4] y", body, values, opset=21)


@case()
def qlinear_conv() -> onnx.ModelProto:
    return model(
        IMAGE,
        "float[N, 8, 5, 5] y",
        """
        xq = QuantizeLinear (x, xs, xz)
        aq = QLinearConv <pads = [1, 1, 1, 1]> (xq, xs, xz, w, ws, wz, as, az, b)
        cq = com.microsoft.QLinearAdd (aq, as, az, aq, as, az, cs, cz)
        y = DequantizeLinear (cq, cs, cz)
        """,
        {
            "xs": one(0.02),
            "xz": one(120, U8),
            "w": integers(8, 3, 3, 3),
            "ws": ramp(8),
            "wz": np.zeros(8, I8),
            "b": integers(8, dtype=I32, low=-900, high=900),
            "as": one(0.05),
            "az": one(125, U8),
            "cs": one(0.1),
            "cz": one(124, U8),
        },
    )


@case()
def qlinear_matmul_and_gemm() -> onnx.ModelProto:
    return model(
        ROW,
        "float[N, 5] y",
        """
        xq = QuantizeLinear (x, xs, xz)
        aq = QLinearMatMul (xq, xs, xz, w, ws, wz, as, az)
        cq = com.microsoft.QGemm <transB = 1> (aq, as, az, v, vs, vz, b, cs, cz)
        y = DequantizeLinear (cq, cs, cz)
        """,
        {
            "xs": one(0.02),
            "xz": one(120, U8),
            "w": integers(6, 7),
            "ws": one(0.01),
            "wz": one(0, I8),
            "as": one(0.05),
            "az": one(125, U8),
            "v": integers(5, 7),
            "vs": one(0.01),
            "vz": one(0, I8),
            "b": integers(5, dtype=I32, low=-900, high=900),
            "cs": one(0.1),
            "cz": one(124, U8),
        },
    )


@case()
def qlinear_lookup_tables() -> onnx.ModelProto:
    """Kernels that read scales and zero points once, to tabulate a function."""
    return model(
        ROW,
        "float[N, 6] y",
        """
        xq = QuantizeLinear (x, xs, xz)
        lq = com.microsoft.QLinearLeakyRelu <alpha = 0.1> (xq, xs, xz, ls, lz)
        sq = com.microsoft.QLinearSigmoid (lq, ls, lz, ss, sz)
        y = DequantizeLinear (sq, ss, sz)
        """,
        {
            "xs": one(0.02),
            "xz": one(120, U8),
            "ls": one(0.021),
            "lz": one(118, U8),
            "ss": one(0.005),
            "sz": one(3, U8),
        },
    )


@case()
def dynamically_quantized() -> onnx.ModelProto:
    return model(
        ROW,
        "float[N, 5] y",
        """
        xq, xs, xz = DynamicQuantizeLinear (x)
        i = MatMulInteger (xq, w, xz, wz) f = Cast <to = 1> (i)
        s = Mul (xs, ws) m = Mul (f, s) y = Add (m, b)
        """,
        {"w": integers(6, 5), "wz": one(0, I8), "ws": one(0.01), "b": normal(5)},
    )


@case(reload="w")
def int4_per_tensor() -> onnx.ModelProto:
    """An odd number of elements: half of the last byte belongs to nobody."""
    body = "wd = DequantizeLinear (w, ws, wz) y = MatMul (x, wd)"
    values = {
        "w": integers(7, 5, dtype=INT4, low=-8, high=8),
        "ws": one(0.1),
        "wz": one(1, INT4),
    }
    return model("float[N, 7] x", "float[N, 5] y", body, values, opset=21)


@case(reload="w ws wz")
def uint4_per_channel() -> onnx.ModelProto:
    body = "wd = DequantizeLinear <axis = 1> (w, ws, wz) y = MatMul (x, wd)"
    values = {
        "w": integers(7, 5, dtype=UINT4, low=0, high=16),
        "ws": ramp(5, 0.1, 0.2),
        "wz": integers(5, dtype=UINT4, low=6, high=10),
    }
    return model("float[N, 7] x", "float[N, 5] y", body, values, opset=21)


@case(reload="w ws wz")
def int4_blocked() -> onnx.ModelProto:
    body = "wd = DequantizeLinear <axis = 0, block_size = 16> (w, ws, wz) y = MatMul (x, wd)"
    values = {
        "w": integers(32, 5, dtype=INT4, low=-8, high=8),
        "ws": normal(2, 5),
        "wz": integers(2, 5, dtype=INT4, low=-2, high=2),
    }
    return model("float[N, 32] x", "float[N, 5] y", body, values, opset=21)


@case(reload="w")
def int4_conv() -> onnx.ModelProto:
    body = "wd = DequantizeLinear <axis = 0> (w, ws) y = Conv (x, wd, b)"
    values = {
        "w": integers(8, 3, 3, 3, dtype=INT4, low=-8, high=8),
        "ws": ramp(8, 0.1, 0.2),
        "b": normal(8),
    }
    return model(IMAGE, "float[N, 8, 3, 3] y", body, values, opset=21)
