"""Sums that live weights add up in another order than a default session does.

A default session packs the weights of matrix products when it is created, and adds up packed ones
in blocks of another size. Live weights cannot be packed, so answers may differ in their last bits.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyzer.answers import Answer, Result

FLOAT_SUMS: Mapping[str, frozenset[str]] = {
    "": frozenset({"Conv", "ConvTranspose", "GRU", "Gemm", "LSTM", "MatMul", "RNN"}),
    "com.microsoft": frozenset(
        {"Attention", "FusedConv", "FusedGemm", "FusedMatMul", "MultiHeadAttention"}
    ),
}
"""By domain: operators whose packed and plain kernels add up the same products of floats.

`MatMulNBits` is none of them: its packed kernel rounds the values that it multiplies.
"""


def is_float_sum(op_type: str, domain: str) -> bool:
    """True if packing can change no more than the order in which an operator adds up.

    Args:
        op_type: the operator.
        domain: its domain, as nodes spell it.

    >>> is_float_sum("Gemm", ""), is_float_sum("MatMulNBits", "com.microsoft")
    (True, False)
    """
    return op_type in FLOAT_SUMS.get("" if domain == "ai.onnx" else domain, frozenset())


@dataclass(frozen=True, slots=True)
class ReorderedSums:
    """The operators that add up in another order than in a default session, and what it changes.

    Attributes:
        operators: Their names, ascending.
        distance: Largest difference of a fault-free answer, as a share of the answers' range.
    """

    operators: tuple[str, ...]
    distance: float

    @property
    def sentence(self) -> str:
        """The difference from a default session, its reason and its size."""
        by = f"by up to {self.distance:.1e} of their range" if self.distance else "in no bit"
        run, add = ("runs", "adds") if len(self.operators) == 1 else ("run", "add")
        return (
            f"{', '.join(self.operators)} {run} on weights that ONNX Runtime has not packed, so "
            f"that faults reach them, and {add} up in another order than in a default session: "
            f"fault-free answers of a batch differ {by}"
        )


def largest_distance(one: Result, other: Result) -> float:
    """Largest difference of two answers over the range of the first one's finite numbers.

    Args:
        one: an answer; a failure is infinitely far from all others.
        other: an answer of the same model.

    >>> one, other = (Answer((np.array([0.0, 4.0]),)), Answer((np.array([0.0, 3.0]),)))
    >>> largest_distance(one, other)
    0.25
    """
    if one.same_as(other):
        return 0.0
    if not isinstance(one, Answer) or not isinstance(other, Answer):
        return float("inf")
    largest = 0.0
    for a, b in zip(one.outputs, other.outputs, strict=True):
        if a.dtype.kind not in "fiu" or not a.size or Answer((a,)).same_as(Answer((b,))):
            continue
        if a.shape != b.shape:
            return float("inf")
        first, second = a.astype(np.float64), b.astype(np.float64)
        finite = np.isfinite(first) & np.isfinite(second)
        if finite.any():
            span = float(np.ptp(first[finite])) or 1.0
            largest = max(largest, float(np.abs(first - second)[finite].max()) / span)
    return largest
