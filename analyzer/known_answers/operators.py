"""Upsets in weights of operators: from the bit to the answer of the model."""

from dataclasses import dataclass

import numpy as np
import onnx.parser

from analyzer.known_answers.records import KnownAnswer, exactly, listed
from analyzer.known_answers.tiny import FORMATS, IR_VERSION, OPSET, StoredTensor, opened, pattern_of

ALL_AT_RISK = "*"


@dataclass(frozen=True, slots=True)
class OperatorFault(KnownAnswer):
    """Upsets in the weights of a model of few operators.

    Attributes:
        graph: Its inputs, outputs and nodes in the text form of ONNX.
        stored: Its initializers.
        fed: Values of its input ``x``.
        fault: As ``--fault`` takes it.
        hits: (tensor, element, bit) of each upset.
        golden: The answer without faults.
        faulty: The answer under them.
    """

    graph: str
    stored: tuple[StoredTensor, ...]
    fed: tuple[float, ...]
    fault: str
    hits: tuple[tuple[str, int, int], ...]
    golden: tuple[float, ...]
    faulty: tuple[float, ...]

    @property
    def given(self) -> str:
        """The question in words."""
        places = ", ".join(f"bit {b} of {name}[{element}]" for name, element, b in self.hits)
        return f"{self.graph} for x = {listed(self.fed)}; {self.fault} at {places}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return f"{listed(self.golden)}; under the fault {listed(self.faulty)}"

    def shape(self) -> tuple[int, ...]:
        """Shape of the input, from the text of the graph."""
        dims = self.graph[self.graph.index("[") + 1 : self.graph.index("]")]
        return tuple(map(int, dims.split(",")))


def _find(asked: OperatorFault) -> str:
    """Both executors' answers, which must be the same, before, under and after the fault."""
    proto = onnx.parser.parse_model(
        f'<ir_version: {IR_VERSION}, opset_import: ["" : {OPSET}]> tiny {asked.graph}'
    )
    proto.graph.initializer.extend(s.tensor() for s in asked.stored)
    feeds = {"x": np.array(asked.fed, np.float32).reshape(asked.shape())}
    with opened(proto, feeds, ALL_AT_RISK, "stored") as pair:
        pattern = pattern_of(asked.fault, [_site(asked, *hit) for hit in asked.hits])
        before, under, after = pair.golden(), pair.under(pattern), pair.golden()
        pair.live.check_golden()
    if before != after:
        return f"{before} before and {after} after the trial"
    answers = {f"{listed(before[e])}; under the fault {listed(under[e])}" for e in before}
    return " or ".join(sorted(answers))


def _site(asked: OperatorFault, name: str, element: int, bit: int) -> int:
    """Number of a bit: the bits of all tensors before it, then those of its own."""
    sizes = {s.name: FORMATS[s.element][0] for s in asked.stored}
    names = [s.name for s in asked.stored]
    ahead = asked.stored[: names.index(name)]
    return sum(len(s.codes) * sizes[s.name] for s in ahead) + element * sizes[name] + bit


_ONE, _TWO, _THREE, _FOUR = 0x3F800000, 0x40000000, 0x40400000, 0x40800000
_FIVE, _SIX, _SEVEN, _EIGHT, _NINE = 0x40A00000, 0x40C00000, 0x40E00000, 0x41000000, 0x41100000
"""Small numbers as float32 bits: 2 is 0 10000000 000..0, 3 is 0 10000000 100..0, and so on."""

_EIGHT_PAIRS = (
    *(_ONE, _TWO, _TWO, _THREE, _THREE, _FOUR, _FOUR, _FIVE),
    *(_FIVE, _SIX, _SIX, _SEVEN, _SEVEN, _EIGHT, _EIGHT, _NINE),
)

ANSWERS = (
    OperatorFault(
        "KA-421",
        "R-6",
        "y = (1 * 1 + 2 * 3, 1 * 2 + 2 * 4) = (7, 10). Bit 31 of w[3] = 4 is its sign: "
        "y[1] = 2 - 8 = -6.",
        "(float[1,2] x) => (float[1,2] y) { y = MatMul (x, w) }",
        (StoredTensor("w", "float32", (2, 2), (_ONE, _TWO, _THREE, _FOUR)),),
        (1.0, 2.0),
        "flip",
        (("w", 3, 31),),
        (7.0, 10.0),
        (7.0, -6.0),
    ),
    OperatorFault(
        "KA-422",
        "R-6",
        "Gemm: x w + b = (7 + 5, 10 + 6). One pattern in two tensors: w[0] = 1 reads 2^-1 = 0.5 "
        "without bit 23, b[1] = 6 reads -6: (0.5 + 6 + 5, 2 + 8 - 6) = (11.5, 4).",
        "(float[1,2] x) => (float[1,2] y) { y = Gemm (x, w, b) }",
        (
            StoredTensor("w", "float32", (2, 2), (_ONE, _TWO, _THREE, _FOUR)),
            StoredTensor("b", "float32", (2,), (_FIVE, _SIX)),
        ),
        (1.0, 2.0),
        "flip",
        (("w", 0, 23), ("b", 1, 31)),
        (12.0, 16.0),
        (11.5, 4.0),
    ),
    OperatorFault(
        "KA-423",
        "R-6",
        "Eight channels, whose weights ONNX Runtime reorders in memory: y[c] = w[2c] + 10 w[2c + 1]"
        " with w = 1, 2 | 2, 3 | ... | 8, 9 gives 21, 32, ..., 98. Bit 31 of w[7] = 5, the second "
        "weight of channel 3, is its sign: y[3] = 4 - 50 = -46.",
        "(float[1,1,1,2] x) => (float[1,8,1,1] y) { y = Conv (x, w) }",
        (
            StoredTensor(
                "w",
                "float32",
                (8, 1, 1, 2),
                _EIGHT_PAIRS,
            ),
        ),
        (1.0, 10.0),
        "flip",
        (("w", 7, 31),),
        (21.0, 32.0, 43.0, 54.0, 65.0, 76.0, 87.0, 98.0),
        (21.0, 32.0, 43.0, -46.0, 65.0, 76.0, 87.0, 98.0),
    ),
    OperatorFault(
        "KA-424",
        "R-6",
        "Folded into the convolution when loading: y = gamma (w x - mean) / sqrt(var) + beta "
        "= (2 (1 * 3 - 1) + 1, 3 (2 * 3 - 2) / 2 + 1) = (5, 7). Bit 23 of gamma[0] = 2 set: "
        "exponent 10000001b, gamma[0] = 4 and y[0] = 9.",
        "(float[1,1,1,1] x) => (float[1,2,1,1] y) "
        "{ a = Conv (x, w) y = BatchNormalization <epsilon = 0.0> (a, gamma, beta, mean, var) }",
        (
            StoredTensor("w", "float32", (2, 1, 1, 1), (_ONE, _TWO)),
            StoredTensor("gamma", "float32", (2,), (_TWO, _THREE)),
            StoredTensor("beta", "float32", (2,), (_ONE, _ONE)),
            StoredTensor("mean", "float32", (2,), (_ONE, _TWO)),
            StoredTensor("var", "float32", (2,), (_ONE, _FOUR)),
        ),
        (3.0,),
        "flip",
        (("gamma", 0, 23),),
        (5.0, 7.0),
        (9.0, 7.0),
    ),
    OperatorFault(
        "KA-425",
        "R-6",
        "int8 weights of scale 2: y = (1 * 2 * 3, 2 * 2 * 5) = (6, 20). Bit 7 of w[0] = 3 = "
        "00000011b weighs -128: -125, y[0] = -250.",
        "(float[1,2] x) => (float[1,2] y) { d = DequantizeLinear (w, s) y = Mul (x, d) }",
        (StoredTensor("w", "int8", (2,), (3, 5)), StoredTensor("s", "float32", (), (_TWO,))),
        (1.0, 2.0),
        "flip",
        (("w", 0, 7),),
        (6.0, 20.0),
        (-250.0, 20.0),
    ),
    OperatorFault(
        "KA-426",
        "R-6",
        "The scale itself: bit 23 of s = 2 set is 0 10000001 000..0 = 4, and y = (12, 40).",
        "(float[1,2] x) => (float[1,2] y) { d = DequantizeLinear (w, s) y = Mul (x, d) }",
        (StoredTensor("w", "int8", (2,), (3, 5)), StoredTensor("s", "float32", (), (_TWO,))),
        (1.0, 2.0),
        "flip",
        (("s", 0, 23),),
        (6.0, 20.0),
        (12.0, 40.0),
    ),
    OperatorFault(
        "KA-427",
        "R-6",
        "y = max(0, x) * w: 0 * inf is NaN, not 0. Bit 30 of w[0] = 1 set is infinity.",
        "(float[1,2] x) => (float[1,2] y) { r = Relu (x) y = Mul (r, w) }",
        (StoredTensor("w", "float32", (2,), (_ONE, _TWO)),),
        (-1.0, 3.0),
        "stuck1",
        (("w", 0, 30),),
        (0.0, 6.0),
        (float("nan"), 6.0),
    ),
    OperatorFault(
        "KA-428",
        "R-6",
        "Of v only the shape is read, (2): y = x w + 2 = (1 + 2, 6 + 2), whatever its bits.",
        "(float[1,2] x) => (float[1,2] y) "
        "{ s = Shape (v) n = Cast <to = 1> (s) p = Mul (x, w) y = Add (p, n) }",
        (
            StoredTensor("v", "float32", (2,), (_ONE, _TWO)),
            StoredTensor("w", "float32", (2,), (_ONE, _TWO)),
        ),
        (1.0, 3.0),
        "burst:32",
        (("v", 0, 0),),
        (3.0, 8.0),
        (3.0, 8.0),
    ),
)
"""In place, reordered, folded, quantized, without effect: every way in which a bit is reached."""

check_operators = exactly(_find)
