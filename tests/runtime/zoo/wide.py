"""Graphs through which several values run side by side: every cut passes more than one."""

import numpy as np
import onnx

from tests.runtime.zoo.floats import ROW
from tests.runtime.zoo.graphs import ROW_OUT
from tests.runtime.zoo.registry import case, model, normal

IMAGE = "float[N, 8, 8, 8] x"
SAME = "<pads = [1, 1, 1, 1]>"


@case()
def skips() -> onnx.ModelProto:
    """An encoder and a decoder that takes what the encoder left at each size."""
    body = f"""
        a = Conv {SAME} (x, w0) ra = Relu (a) pa = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (ra)
        b = Conv {SAME} (pa, w1) rb = Relu (b) pb = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (rb)
        c = Conv {SAME} (pb, w2) rc = Relu (c)
        ub = ConvTranspose <strides = [2, 2], kernel_shape = [2, 2]> (rc, w3)
        jb = Concat <axis = 1> (ub, rb) d = Conv {SAME} (jb, w4) rd = Relu (d)
        ua = ConvTranspose <strides = [2, 2], kernel_shape = [2, 2]> (rd, w5)
        ja = Concat <axis = 1> (ua, ra) y = Conv (ja, w6)
    """  # noqa: E501
    weights = {f"w{i}": normal(8, 8, 3, 3, seed=i) * np.float32(0.2) for i in range(3)}
    weights |= {f"w{i}": normal(8, 8, 2, 2, seed=i) * np.float32(0.3) for i in (3, 5)}
    weights |= {"w4": normal(8, 16, 3, 3, seed=4) * np.float32(0.2), "w6": normal(4, 16, 1, 1)}
    return model(IMAGE, "float[N, 4, 8, 8] y", body, weights)


@case(quiet="w0 w1 w2 w3")
def dense_block() -> onnx.ModelProto:
    """Each layer reads what all layers before it made."""
    body = """
        a = MatMul (x, w0) ra = Relu (a) j0 = Concat <axis = 1> (x, ra)
        b = MatMul (j0, w1) rb = Relu (b) j1 = Concat <axis = 1> (x, ra, rb)
        c = MatMul (j1, w2) rc = Relu (c) j2 = Concat <axis = 1> (x, ra, rb, rc)
        y = MatMul (j2, w3)
    """
    return model(ROW, ROW_OUT, body, {f"w{i}": normal(6 * (i + 1), 6, seed=i) for i in range(4)})


@case()
def several_outputs() -> onnx.ModelProto:
    """One output is computed early, one late; the early one is read further on as well."""
    body = "a = MatMul (x, w0) e = Relu (a) b = MatMul (e, w1) s = Sigmoid (b) y = MatMul (s, w2)"
    weights = {f"w{i}": normal(6, 6, seed=i) for i in range(3)}
    return model(ROW, f"{ROW_OUT}, float[N, 6] e, float[N, 6] s", body, weights)


@case()
def unread_output() -> onnx.ModelProto:
    """An output that is computed in the middle and that nothing reads."""
    body = (
        "a = MatMul (x, w0) r = Relu (a) z = MatMul (r, w1) b = MatMul (r, w2) y = MatMul (b, w3)"
    )
    weights = {f"w{i}": normal(6, 6, seed=i) for i in range(4)}
    return model(ROW, f"{ROW_OUT}, float[N, 6] z", body, weights)


@case()
def attention() -> onnx.ModelProto:
    """Queries, keys and values side by side, and the way around them."""
    body = """
        q = MatMul (x, wq) k = MatMul (x, wk) v = MatMul (x, wv)
        t = Transpose <perm = [0, 2, 1]> (k) qk = MatMul (q, t) p = Softmax <axis = -1> (qk)
        pv = MatMul (p, v) o = MatMul (pv, wo) r = Add (x, o)
        n = LayerNormalization <axis = -1> (r, gamma, beta)
        h = MatMul (n, w1) g = Relu (h) m = MatMul (g, w2) y = Add (r, m)
    """
    weights = {n: normal(6, 6, seed=i) for i, n in enumerate(("wq", "wk", "wv", "wo"))}
    weights |= {"gamma": normal(6), "beta": normal(6, seed=1), "w1": normal(6, 12)}
    weights |= {"w2": normal(12, 6, seed=9)}
    return model("float[N, 5, 6] x", "float[N, 5, 6] y", body, weights)
