"""Normalization, factors and summands by channel, which ONNX Runtime folds into convolutions."""

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.faults.elements import Values
from tests.runtime.zoo.registry import case, model, normal, one, positive

IMAGE = "float[N, 3, 6, 6] x"


def norm(channels: int, name: str = "", dtype: npt.DTypeLike = np.float32) -> dict[str, Values]:
    """The four tensors of a batch normalization whose results a rectifier rarely hides."""
    return {
        f"gamma{name}": positive(channels, dtype=dtype),
        f"beta{name}": positive(channels, dtype=dtype, seed=1),
        f"mean{name}": np.asarray(normal(channels, seed=2) / 8, dtype),
        f"var{name}": positive(channels, dtype=dtype, seed=3),
    }


@case(recomputed="w1 gamma beta mean var")
def batch_norm_behind_blocks() -> onnx.ModelProto:
    """As many networks are exported: convolutions without a bias; 20 channels fill no blocks."""
    return model(
        IMAGE,
        "float[N, 12, 6, 6] y",
        """
        a = Conv <pads = [1, 1, 1, 1]> (x, w1)
        n = BatchNormalization <epsilon = 0.001> (a, gamma, beta, mean, var)
        r = Relu (n)
        y = Conv <pads = [1, 1, 1, 1]> (r, w2, b2)
        """,
        {"w1": normal(20, 3, 3, 3), "w2": normal(12, 20, 3, 3), "b2": normal(12), **norm(20)},
    )


@case(recomputed="dw gamma beta mean var")
def batch_norm_depthwise() -> onnx.ModelProto:
    return model(
        IMAGE,
        "float[N, 16, 4, 4] y",
        """
        a = Conv (x, w1, b1)
        d = Conv <group = 8, pads = [1, 1, 1, 1]> (a, dw)
        n = BatchNormalization (d, gamma, beta, mean, var)
        r = Relu (n)
        y = Conv (r, pw, pb)
        """,
        {
            "w1": normal(8, 3, 3, 3),
            "b1": normal(8),
            "dw": normal(8, 1, 3, 3),
            "pw": normal(16, 8, 1, 1),
            "pb": normal(16),
            **norm(8),
        },
    )


@case(recomputed="gamma beta mean var")
def normalized_dense_block() -> onnx.ModelProto:
    """Normalization of joined values, as in DenseNet: it becomes a convolution of its own."""
    return model(
        IMAGE,
        "float[N, 16, 6, 6] y",
        """
        a = Conv <pads = [1, 1, 1, 1]> (x, w1, b1)
        b = Conv <pads = [1, 1, 1, 1]> (a, w2, b2)
        j = Concat <axis = 1> (a, b)
        n = BatchNormalization (j, gamma, beta, mean, var)
        r = Relu (n)
        y = Conv (r, w3, b3)
        """,
        {
            "w1": normal(16, 3, 3, 3),
            "b1": normal(16),
            "w2": normal(16, 16, 3, 3),
            "b2": normal(16),
            "w3": normal(16, 32, 1, 1),
            "b3": normal(16),
            **norm(32),
        },
    )


@case(recomputed="w b s c")
def frozen_norm() -> onnx.ModelProto:
    """A frozen normalization behind a convolution with a bias."""
    return model(
        IMAGE,
        "float[N, 8, 4, 4] y",
        "a = Conv (x, w, b) m = Mul (a, s) y = Add (m, c)",
        {
            "w": normal(8, 3, 3, 3),
            "b": normal(8),
            "s": normal(8, 1, 1),
            "c": normal(8, 1, 1, seed=1),
        },
    )


@case(recomputed="w gamma1 beta1 mean1 var1 gamma2 beta2 mean2 var2")
def tied_and_normalized() -> onnx.ModelProto:
    """One filter, two normalizations: it is folded into two tensors."""
    return model(
        "float[N, 8, 6, 6] x",
        "float[N, 8, 6, 6] y",
        """
        a = Conv <pads = [1, 1, 1, 1]> (x, w)
        n = BatchNormalization (a, gamma1, beta1, mean1, var1)
        b = Conv <pads = [1, 1, 1, 1]> (n, w)
        y = BatchNormalization (b, gamma2, beta2, mean2, var2)
        """,
        {"w": normal(8, 8, 3, 3), **norm(8, "1"), **norm(8, "2")},
    )


@case(recomputed="w gamma beta mean var")
def batch_norm_float16() -> onnx.ModelProto:
    return model(
        "float16[N, 3, 6, 6] x",
        "float16[N, 8, 4, 4] y",
        "a = Conv (x, w) y = BatchNormalization (a, gamma, beta, mean, var)",
        {"w": normal(8, 3, 3, 3, dtype=np.float16), **norm(8, dtype=np.float16)},
    )


@case(recomputed="w t f")
def bias_made_by_a_summand() -> onnx.ModelProto:
    """The bias is a summand of shape (1, C, 1, 1), whose first axis is not the channels."""
    return model(
        IMAGE,
        "float[N, 4, 4, 4] y",
        "a = Conv (x, w) s = Add (a, t) y = Mul (s, f)",
        {
            "w": normal(4, 3, 3, 3),
            "t": normal(1, 4, 1, 1),
            "f": normal(1, 4, 1, 1, seed=1),
        },
    )


@case(recomputed="w t f")
def bias_made_by_a_summand_without_batch() -> onnx.ModelProto:
    """The same with shapes (C, 1, 1), and a factor of the other rank."""
    return model(
        IMAGE,
        "float[N, 8, 4, 4] y",
        "a = Conv (x, w) s = Add (a, t) y = Mul (s, f)",
        {"w": normal(8, 3, 3, 3), "t": normal(8, 1, 1), "f": normal(1, 8, 1, 1)},
    )


@case(recomputed="w1 w2 t f u v")
def factor_of_two_convolutions() -> onnx.ModelProto:
    """One factor in the folds of two convolutions, one of which has no bias of its own."""
    return model(
        IMAGE,
        "float[N, 8, 2, 2] y",
        """
        a = Conv (x, w1) s = Add (a, t) m = Mul (s, f)
        b = Conv (m, w2, u) n = Mul (b, f) y = Add (n, v)
        """,
        {
            "w1": normal(8, 3, 3, 3),
            "w2": normal(8, 8, 3, 3),
            "t": normal(1, 8, 1, 1),
            "f": normal(1, 8, 1, 1, seed=1),
            "u": normal(8),
            "v": normal(8, 1, 1, seed=2),
        },
    )


@case(reload="w1 w2 t f u")
def summand_that_is_a_bias_elsewhere() -> onnx.ModelProto:
    """The summand of a convolution is the bias of another one: digits cannot tell its place."""
    return model(
        IMAGE,
        "float[N, 8, 2, 2] y",
        """
        a = Conv (x, w1) s = Add (a, t) m = Mul (s, f)
        b = Conv (m, w2, u) n = Mul (b, f) y = Add (n, t)
        """,
        {
            "w1": normal(8, 3, 3, 3),
            "w2": normal(8, 8, 3, 3),
            "t": normal(1, 8, 1, 1),
            "f": normal(1, 8, 1, 1, seed=1),
            "u": normal(8),
        },
    )


@case(recomputed="w1 b1 w2")
def filter_that_is_a_factor() -> onnx.ModelProto:
    """A filter of one channel, (1, C, 1, 1), is a factor of C channels elsewhere."""
    return model(
        IMAGE,
        "float[N, 1, 4, 4] y",
        """
        a = Conv (x, w1, b1) m = Mul (a, w2)
        r = Relu (m) y = Conv (r, w2)
        """,
        {
            "w1": normal(8, 3, 3, 3),
            "b1": normal(8),
            "w2": normal(1, 8, 1, 1),
        },
    )


@case(reload="w t scale shift")
def scalars_beside_a_summand() -> onnx.ModelProto:
    """ONNX Runtime folds scalars too; tensors of one element are in no chain."""
    return model(
        IMAGE,
        "float[N, 8, 4, 4] y",
        "a = Conv (x, w) s = Add (a, t) m = Mul (s, scale) y = Add (m, shift)",
        {
            "w": normal(8, 3, 3, 3),
            "t": normal(1, 8, 1, 1),
            "scale": one(0.75),
            "shift": one(0.5).reshape(1, 1, 1, 1),
        },
    )


@case(reload="w gamma var")
def frozen_norm_of_constants() -> onnx.ModelProto:
    """The factor is computed from constants by nodes of the file: no chain leads to them."""
    return model(
        IMAGE,
        "float[N, 8, 4, 4] y",
        """
        d = Sqrt (var) f = Div (gamma, d)
        a = Conv (x, w) m = Mul (a, f) s = Sub (m, mean) y = Add (s, c)
        """,
        {
            "w": normal(8, 3, 3, 3),
            "c": normal(8, 1, 1),
            **{n: v.reshape(8, 1, 1) for n, v in norm(8).items() if n != "beta"},
        },
    )
