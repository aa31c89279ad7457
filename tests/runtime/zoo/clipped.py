"""Clipping bounds in the forms that `relcheck harden` gives them, behind every kind of node.

Thresholds let every golden value pass, most of them by little, so that many upsets make a bound act
and many do not.
"""

import numpy as np
import onnx

from tests.runtime.zoo.floats import ROW
from tests.runtime.zoo.graphs import ROW_OUT
from tests.runtime.zoo.registry import case, model, normal, one

ZERO = {"zero": one(0.0)}


def clips(value: str, result: str, threshold: str) -> str:
    """``result = value`` where it is at most ``threshold``, else 0."""
    return (
        f"{result}_in = LessOrEqual ({value}, {threshold}) "
        f"{result} = Where ({result}_in, {value}, zero)"
    )


@case(quiet="zero")
def clipped_blocked() -> onnx.ModelProto:
    """Behind and before a Clip from 0, on both sides of its limit; a residual; padded blocks."""
    body = f"""
        a = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (x, w0, b0) {clips("a", "ca", "ta")}
        ra = Clip (ca, zero, six)
        b = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1], group = 16> (ra, w1, b1)
        {clips("b", "cb", "tb")}
        rb = Clip (cb, zero, six)
        c = Conv <kernel_shape = [1, 1]> (rb, w2, b2)
        s = Add (c, ra) rs = Relu (s) {clips("rs", "cs", "ts")}
        d = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]> (cs, w3, b3)
        rd = Relu (d)
        {clips("rd", "cd", "td")}
        p = GlobalAveragePool (cd) f = Flatten (p) y = Gemm <transB = 1> (f, w4, b4)
    """
    weights = {
        "w0": normal(16, 3, 3, 3),
        "b0": normal(16),
        "w1": normal(16, 1, 3, 3, seed=1) / np.float32(3),
        "b1": normal(16, seed=1),
        "w2": normal(16, 16, 1, 1, seed=2),
        "b2": normal(16, seed=2),
        "w3": normal(20, 16, 3, 3, seed=3) / np.float32(4),
        "b3": normal(20, seed=3),
        "w4": normal(5, 20, seed=4),
        "b4": normal(5, seed=4),
    }
    limits = {"ta": one(9.0), "tb": one(5.0), "ts": one(9.5), "td": one(9.5), "six": one(6.0)}
    return model("float[N, 3, 6, 6] x", "float[N, 5] y", body, weights | limits | ZERO)


@case(quiet="zero")
def clipped_pooled() -> onnx.ModelProto:
    """Where a NaN need not show: behind a maximum, and a convolution that looks at some only."""
    body = f"""
        a = Conv <pads = [1, 1, 1, 1]> (x, w0, b0) ra = Relu (a) {clips("ra", "ca", "ta")}
        m = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (ca)
        b = Conv <pads = [1, 1, 1, 1]> (m, w1, b1) rb = Relu (b) {clips("rb", "cb", "tb")}
        c = Conv <kernel_shape = [1, 1], strides = [2, 2]> (cb, w2, b2)
        p = GlobalAveragePool (c) y = Flatten (p)
    """
    weights = {
        "w0": normal(16, 3, 3, 3),
        "b0": normal(16),
        "w1": normal(16, 16, 3, 3, seed=1) / np.float32(4),
        "b1": normal(16, seed=1),
        "w2": normal(16, 16, 1, 1, seed=2),
        "b2": normal(16, seed=2),
    }
    return model(
        "float[N, 3, 8, 8] x",
        "float[N, 16] y",
        body,
        weights | {"ta": one(9.0), "tb": one(14.0)} | ZERO,
    )


@case(quiet="zero")
def clipped_rows() -> onnx.ModelProto:
    """From both sides, and from above, in the plain layout."""
    body = f"""
        a = MatMul (x, w0) ta = Tanh (a) below = LessOrEqual (ta, high) above = LessOrEqual (low, ta)
        in = And (below, above) ca = Where (in, ta, zero)
        b = MatMul (ca, w1) rb = Relu (b) {clips("rb", "cb", "tb")}
        y = MatMul (cb, w2)
    """  # noqa: E501
    weights = {f"w{i}": normal(6, 6, seed=i) for i in range(3)}
    limits = {"high": one(0.99), "low": one(-0.99), "tb": one(0.8)}
    return model(ROW, ROW_OUT, body, weights | limits | ZERO)


@case(quiet="zero")
def clipped_output() -> onnx.ModelProto:
    """A bounded value that is returned: the sign of a zero would show."""
    body = f"a = MatMul (x, w0) ra = Relu (a) {clips('ra', 'e', 'ta')} y = MatMul (e, w1)"
    weights = {"w0": normal(6, 6), "w1": normal(6, 6, seed=1), "ta": one(1.5)}
    return model(ROW, f"{ROW_OUT}, float[N, 6] e", body, weights | ZERO)
