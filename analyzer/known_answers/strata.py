"""Patterns told apart by their severe upsets: which bits are severe, how probable each kind is."""

import math
from dataclasses import dataclass

import numpy as np

from analyzer.faults.elements import ELEMENT_TYPES, codec_for, from_codes
from analyzer.faults.models import parse_fault
from analyzer.faults.pattern_strata import StratifiedLaw
from analyzer.faults.severity import Severity, find_severity
from analyzer.faults.space import FaultSpace, Kind, TensorSite
from analyzer.known_answers.records import KnownAnswer, each, exactly, show
from analyzer.known_answers.tiny import pattern_of

LOGARITHMS = 1e-13
"""Relative accuracy of the weights."""


@dataclass(frozen=True, slots=True)
class SevereBits(KnownAnswer):
    """The severe bits of the elements of one tensor.

    Attributes:
        element: Its element type.
        codes: Its contents.
        fault: As ``--fault`` takes it.
        bits: The answer.
    """

    element: str
    codes: tuple[int, ...]
    fault: str
    bits: tuple[int, ...]

    @property
    def given(self) -> str:
        """The question in words."""
        return f"severe bits of {self.element} {_hex(self.codes)}, {self.fault}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return _listed(self.bits)


@dataclass(frozen=True, slots=True)
class Weights(KnownAnswer):
    """The probabilities of the strata of one tensor.

    Attributes:
        element: Its element type.
        code: The code that every element holds.
        elements: How many there are.
        rate: Bit error rate.
        weights: Name and probability of each stratum.
    """

    element: str
    code: int
    elements: int
    rate: float
    weights: tuple[tuple[str, float], ...]

    @property
    def given(self) -> str:
        """The question in words."""
        held = f"{self.elements} {self.element} elements {_hex((self.code,))}"
        return f"strata by severe upsets, {held}, rate {show(self.rate)}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return _weights(self.weights)


def _hex(codes: tuple[int, ...]) -> str:
    return ", ".join(f"0x{code:02X}" for code in codes)


def _listed(bits: tuple[int, ...]) -> str:
    return ", ".join(map(str, bits)) or "none"


def _weights(weights: tuple[tuple[str, float], ...]) -> str:
    return ", ".join(f"{name}: {show(weight)}" for name, weight in weights)


def severity_of(element: str, codes: tuple[int, ...], fault: str) -> Severity:
    """The partition of one tensor.

    Args:
        element: name of its element type.
        codes: its stored bits, element by element.
        fault: what one upset does, as flags write it.
    """
    kind = ELEMENT_TYPES[element]
    site = TensorSite("w", Kind.WEIGHT, (len(codes),), codec_for("stored", kind), element)
    values = from_codes(np.array(codes, kind.code_dtype), kind)
    return find_severity(FaultSpace((site,)), {"w": values}, parse_fault(fault))


def _severe(asked: SevereBits) -> str:
    found = severity_of(asked.element, asked.codes, asked.fault)
    return _listed(tuple(found.positions.tolist()))


def _weigh(asked: Weights) -> tuple[str, bool]:
    severity = severity_of(asked.element, (asked.code,) * asked.elements, "flip")
    fault = pattern_of("flip", ()).fault
    law = StratifiedLaw(severity.space.bits, severity, asked.rate, fault)
    found = tuple((s.name, s.weight) for s in law.strata)
    right = len(found) == len(asked.weights) and all(
        name == wanted and math.isclose(weight, probability, rel_tol=LOGARITHMS)
        for (name, weight), (wanted, probability) in zip(found, asked.weights, strict=True)
    )
    return _weights(found), right


SEVERE = (
    SevereBits(
        "KA-571",
        "R-17",
        "1 is 0 01111111 000..0; severe is what moves it by more than 8. Bit 30 gives infinity; "
        "the sign moves it by 2, every other bit by 1 at most.",
        "float32",
        (0x3F800000, 0x3F800000),
        "flip",
        (30,),
    ),
    SevereBits(
        "KA-572",
        "R-17",
        "2 is 0 10000000 000..0; the limit is 16. Bits 29 to 25 give 2^65, 2^33, 2^17, 2^9 and 2^5 "
        "= 32; bit 24 gives 8, bit 30 gives 0.",
        "float32",
        (0x40000000, 0x40000000),
        "flip",
        (25, 26, 27, 28, 29),
    ),
    SevereBits(
        "KA-573",
        "R-17",
        "The largest of 5 and -1 is 5; the limit is 40. Bits 7 and 6 weigh 128 and 64, bit 5 "
        "weighs 32.",
        "int8",
        (0x05, 0xFF),
        "flip",
        (6, 7),
    ),
    SevereBits(
        "KA-574",
        "R-17",
        "A burst of two from bit 5 reaches bit 6 as well.",
        "int8",
        (0x05, 0xFF),
        "burst:2",
        (5, 6, 7),
    ),
)
"""Partitions. Estimates are unbiased for any partition; a good one saves trials."""

WEIGHTS = (
    Weights(
        "KA-576",
        "R-17",
        "Bits 6 and 7 are severe (KA-573), six are not; bit 6 gives 69 and rises, bit 7 gives -123 "
        "and falls. Neither, and one or more of the six: 1/4 * 63/64; bit 7 without bit 6: 1/4; "
        "bit 6: 1/2. Together 255/256 = P(any of 8).",
        "int8",
        0x05,
        1,
        0.5,
        (("0", 0.24609375), ("falling", 0.25), ("1", 0.5)),
    ),
    Weights(
        "KA-577",
        "R-17",
        "32 severe bits (KA-571) and 992 others. 0.999^32 (1 - 0.999^992); 32 * 0.001 * 0.999^31; "
        "all others 1 - 0.999^32 - 32 * 0.001 * 0.999^31, as two severe alone are rarer than "
        "0.0005.",
        "float32",
        0x3F800000,
        32,
        0.001,
        (
            ("0", 0.6095195975698164),
            ("1", 0.031022737161466325),
            ("other", 0.00048618707900683825),
        ),
    ),
    Weights(
        "KA-578",
        "R-17",
        "-1 is 1 01111111 000..0; bit 30 gives minus infinity: all severe upsets fall, and "
        "patterns are not told apart. 1 - 0.999^1024.",
        "float32",
        0xBF800000,
        32,
        0.001,
        (("any", 0.6410285218102896),),
    ),
)
"""Probabilities."""

check_severe = exactly(_severe)
check_weights = each(_weigh)
