"""Protections of a memory: check bits beside the data, and what decoding leaves of upsets.

A protection is executed, not assumed. Upsets are drawn over everything that the memory holds, check
bits included. The decoder sees them together and gives back a residual: the upsets that the reader
of the data meets. The residual is what runs.

A protection is a list of rules (`plan`), each a scheme (`scheme`) and the bits that it protects. A
new scheme is one file beside this one, with a class that has the members of `Scheme`, and a line in
`grammar.SCHEMES`. Schemes that encode in place (tripled exponent bits, parity in a mantissa bit)
have no check bits: their `ProtectedMemory.data` has codecs that encode and decode, so that the
golden run shows what the encoding alone costs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Protocol

import numpy as np

from analyzer.faults.bitmap import Bools
from analyzer.faults.elements import ELEMENT_TYPES, Codes, StoredCodec, Values, from_codes
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.space import FaultSpace, Kind, TensorSite


@dataclass(frozen=True, slots=True)
class Residual:
    """The upsets of one trial that decoding leaves, and what the decoder did.

    Attributes:
        pattern: The upsets that readers of the data meet; sites of `ProtectedMemory.data`.
        corrections: Code words that upsets hit and that were read as they had been written: by
            the code itself, or because the word was written anew.
        detections: Code words in which an error was found and that were not read as written.
        announced: Whether detections are reported, so that no answer is used: every image counts
            as DUE. A memory that reads as 0 what it cannot correct, and goes on, does not.
    """

    pattern: FaultPattern
    corrections: int = 0
    detections: int = 0
    announced: bool = False


class ProtectedMemory(Protocol):
    """The tensors of one model in a protected memory."""

    @property
    def data(self) -> FaultSpace:
        """The bits that readers meet: the space of the executor, and of residuals."""

    @property
    def space(self) -> FaultSpace:
        """The bits that upsets hit: those of ``data`` with the same indices, then check bits.

        Tensors of check bits have the target `Target.CHECK`.
        """

    def residual(self, pattern: FaultPattern) -> Residual:
        """Decode the memory under a pattern: a pure function.

        Args:
            pattern: upsets anywhere in ``space``.
        """

    @property
    def protected_bits(self) -> int:
        """Number of data bits that are protected."""

    @property
    def covered(self) -> Bools:
        """Sites of which one upset alone does little: bool (tensors of ``space``, widest).

        Strata count them as mild; no figure depends on it.
        """


class ProtectionExample(NamedTuple):
    """One tensor, some upsets, and what is read: worked out by hand, executed by a test.

    Attributes:
        element: Element type of the tensor.
        codes: Its stored bits, element by element.
        fault: As flags write it.
        sites: Where upsets begin, in the bits of the memory.
        after: The bits that are read.
        corrections: As in `Residual`.
        detections: As in `Residual`.
        working: How the answer follows.
        rule: The protection, as flags write it; empty: the one that has the example.
    """

    element: str
    codes: tuple[int, ...]
    fault: str
    sites: tuple[int, ...]
    after: tuple[int, ...]
    corrections: int
    detections: int
    working: str
    rule: str = ""


class Protection(Protocol):
    """A scheme that protects stored bits."""

    @property
    def name(self) -> str:
        """The text in flags, reports and plans."""

    @property
    def about(self) -> str:
        """One sentence about it, for the reader of a report."""

    def protect(self, data: FaultSpace, values: Mapping[str, Values]) -> ProtectedMemory:
        """The memory of one model under this scheme.

        Args:
            data: the bits at risk without it.
            values: values of the stored tensors, by name. What stuck cells and words that read 0
                come to depends on them.

        Raises:
            BadOption: nothing in ``data`` can be protected as asked.
        """

    def examples(self) -> Sequence[ProtectionExample]:
        """Examples, at least one for each thing that the decoder can do."""


def storage_overhead(memory: ProtectedMemory) -> Fraction:
    """Check bits per data bit, exactly."""
    return Fraction(memory.space.bits - memory.data.bits, memory.data.bits)


def read_codes(space: FaultSpace, codes: Sequence[Codes], pattern: FaultPattern) -> list[Codes]:
    """Stored bits under a pattern.

    Args:
        space: the tensors.
        codes: unsigned (elements,) for each of them, the bits without faults.
        pattern: the upsets.

    Returns:
        Copies with the pattern applied, in the same order.
    """
    found = [held.copy() for held in codes]
    for hit in space.masks(pattern):
        held = found[hit.tensor]
        held[hit.elements] = pattern.fault.apply(held[hit.elements], hit.codes(held.dtype))
    return found


def work_out(
    protection: Protection, example: ProtectionExample
) -> tuple[tuple[int, ...], int, int]:
    """Put an example to a protection.

    Args:
        protection: the scheme.
        example: the question.

    Returns:
        Codes that are read, corrections, detections: to be compared with the example's.
    """
    element = ELEMENT_TYPES[example.element]
    codes: Codes = np.array(example.codes, element.code_dtype)
    site = TensorSite("t", Kind.WEIGHT, codes.shape, StoredCodec(element), element.name)
    values = from_codes(codes, element)
    memory = protection.protect(FaultSpace((site,)), {"t": values})
    pattern = FaultPattern(parse_fault(example.fault), np.array(example.sites, np.int64))
    residual = memory.residual(pattern)
    held = memory.data.tensors[0].codec.encode(values)
    (read,) = read_codes(memory.data, [held], residual.pattern)
    return tuple(read.tolist()), residual.corrections, residual.detections
