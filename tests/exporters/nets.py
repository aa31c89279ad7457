"""Small networks with one activation each, as ONNX text, and how to run them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.answers import Answer
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.hardening.activations.survey import Side
from tests.support import parse_model, with_initializers

Array = npt.NDArray[Any]

ONE, TWO = Side.ONE, Side.TWO


@dataclass(frozen=True)
class Activation:
    """One activation.

    Attributes:
        body: Nodes that make ``y`` of ``x``.
        kind: What it must be recognized as.
        side: Likewise.
        opset: In which it is written.
        values: Constants that it reads.
        site: The value that a clipping bound is put on.
    """

    body: str
    kind: str
    side: Side
    opset: int = 17
    values: Mapping[str, Array] | None = None
    site: str = "y"


def scalar(value: float, dtype: npt.DTypeLike = np.float32) -> Array:
    """One stored number."""
    return np.array(value, dtype)


HALF, THREE, SIX = scalar(0.5), scalar(3.0), scalar(6.0)
ROOT_2, ONE_, CUBIC = scalar(2.0**0.5), scalar(1.0), scalar(0.044715)

ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation("y = Relu (x)", "Relu", ONE),
    "relu6": Activation(
        "y = Clip (x, lo, hi)", "input of Clip", ONE, 17, {"lo": scalar(0), "hi": SIX}, "x"
    ),
    "relu6 of two nodes": Activation(
        "r = Relu (x) y = Clip (r, , hi)", "input of Clip", ONE, 17, {"hi": SIX}, "r"
    ),
    "hard tanh": Activation(
        "y = Clip (x, lo, hi)", "input of Clip", TWO, 17, {"lo": -ONE_, "hi": ONE_}, "x"
    ),
    "clip from above": Activation("y = Clip (x, , hi)", "input of Clip", TWO, 17, {"hi": SIX}, "x"),
    "relu written as Clip": Activation("y = Clip (x, lo)", "Clip", ONE, 17, {"lo": scalar(0)}),
    "softplus": Activation("y = Softplus (x)", "Softplus", ONE),
    "leaky relu": Activation("y = LeakyRelu <alpha = 0.1> (x)", "LeakyRelu", TWO),
    "prelu": Activation("y = PRelu (x, slope)", "PRelu", TWO, 17, {"slope": scalar(0.25)}),
    "elu": Activation("y = Elu (x)", "Elu", TWO),
    "selu": Activation("y = Selu (x)", "Selu", TWO),
    "celu": Activation("y = Celu (x)", "Celu", TWO),
    "thresholded relu": Activation("y = ThresholdedRelu (x)", "ThresholdedRelu", TWO),
    "hard swish": Activation("y = HardSwish (x)", "HardSwish", TWO),
    "hard swish, by HardSigmoid": Activation(
        "h = HardSigmoid <alpha = 0.16666667> (x) y = Mul (x, h)", "HardSwish", TWO
    ),
    "hard swish, by Clip": Activation(
        "a = Add (x, three) c = Clip (a, zero, six) m = Mul (x, c) y = Div (m, six)",
        "HardSwish",
        TWO,
        17,
        {"three": THREE, "zero": scalar(0), "six": SIX},
    ),
    "hard swish, divided first": Activation(
        "a = Add (x, three) c = Clip (a, zero, six) d = Div (c, six) y = Mul (d, x)",
        "HardSwish",
        TWO,
        17,
        {"three": THREE, "zero": scalar(0), "six": SIX},
    ),
    "silu": Activation("s = Sigmoid (x) y = Mul (x, s)", "SiLU", TWO),
    "silu, of a quotient": Activation(
        "n = Neg (x) e = Exp (n) d = Add (e, one) y = Div (x, d)", "SiLU", TWO, 17, {"one": ONE_}
    ),
    "quick gelu": Activation(
        "k = Mul (x, c) s = Sigmoid (k) y = Mul (s, x)", "SiLU", TWO, 17, {"c": scalar(1.702)}
    ),
    "gelu": Activation(
        "d = Div (x, root) e = Erf (d) a = Add (e, one) m = Mul (x, a) y = Mul (m, half)",
        "GELU",
        TWO,
        17,
        {"root": ROOT_2, "one": ONE_, "half": HALF},
    ),
    "gelu, halved first": Activation(
        "d = Div (x, root) e = Erf (d) a = Add (e, one) h = Mul (x, half) y = Mul (h, a)",
        "GELU",
        TWO,
        17,
        {"root": ROOT_2, "one": ONE_, "half": HALF},
    ),
    "gelu, by tanh": Activation(
        "p = Pow (x, three) q = Mul (p, cubic) a = Add (x, q) k = Mul (a, c) t = Tanh (k) "
        "o = Add (t, one) m = Mul (x, o) y = Mul (m, half)",
        "GELU (tanh)",
        TWO,
        17,
        {"three": THREE, "cubic": CUBIC, "c": scalar(0.79788456), "one": ONE_, "half": HALF},
    ),
    "gelu, by tanh and products": Activation(
        "s = Mul (x, x) p = Mul (s, x) q = Mul (p, cubic) a = Add (x, q) k = Mul (a, c) "
        "t = Tanh (k) o = Add (t, one) m = Mul (x, o) y = Mul (m, half)",
        "GELU (tanh)",
        TWO,
        17,
        {"cubic": CUBIC, "c": scalar(0.79788456), "one": ONE_, "half": HALF},
    ),
    "gelu operator": Activation("y = Gelu (x)", "Gelu", TWO, 20),
    "gelu operator, by tanh": Activation('y = Gelu <approximate = "tanh"> (x)', "Gelu", TWO, 20),
    "mish": Activation("s = Softplus (x) t = Tanh (s) y = Mul (x, t)", "Mish", TWO),
    "mish operator": Activation("y = Mish (x)", "Mish", TWO, 18),
    "gelu of ONNX Runtime": Activation("y = com.microsoft.Gelu (x)", "Gelu", TWO),
    "quick gelu of ONNX Runtime": Activation("y = com.microsoft.QuickGelu (x)", "QuickGelu", TWO),
}
"""Every activation that must be found, in the forms that exporters write."""


def network(
    body: str,
    values: Mapping[str, Array] | None = None,
    *,
    opset: int = 17,
    dtype: str = "float",
    inputs: str = "image",
    outputs: str = "scores",
) -> onnx.ModelProto:
    """A checked model of rows of numbers, from its nodes."""
    ir_version = 8 if opset < 19 else 10
    head = f'<ir_version: {ir_version}, opset_import: ["" : {opset}, "com.microsoft" : 1]>'
    text = f"{head} net ({dtype}[N, C] {inputs}) => ({dtype}[N, C] {outputs}) {{ {body} }}"
    proto = with_initializers(parse_model(text), values or {})
    onnx.checker.check_model(proto)
    return proto


def activation_net(case: Activation) -> onnx.ModelProto:
    """The activation between two steps that are none: doubling before, negation behind."""
    body = f"x = Add (image, image) {case.body} scores = Neg (y)"
    return network(body, case.values, opset=case.opset)


def run(
    proto: onnx.ModelProto, values: Array, *, optimize: bool = False, name: str = "image"
) -> tuple[Array, ...]:
    """What ONNX Runtime answers; by default by the kernels of the graph as written."""
    session = open_session(proto, session_options(optimize=optimize))
    result = run_session(session, {name: values})
    assert isinstance(result, Answer), result
    return result.outputs


def operators(proto: onnx.ModelProto) -> list[str]:
    """Operators in the graph's order."""
    return [node.op_type for node in proto.graph.node]


def row(*values: float, dtype: npt.DTypeLike = np.float32) -> Array:
    """One row of numbers."""
    return np.array([values], dtype)


def same(a: Sequence[Array], b: Sequence[Array]) -> bool:
    """Equal number for number. A zero may change its sign: ONNX Runtime's Where makes -0 a 0."""
    return all(
        x.dtype == y.dtype and np.array_equal(x, y, equal_nan=True)
        for x, y in zip(a, b, strict=True)
    )
