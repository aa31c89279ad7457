"""Decoding of probes, slot by slot: which elements stand where, checked against other contents."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.answers import same_bytes
from analyzer.faults.elements import ElementType, Values
from analyzer.model import AtRisk
from analyzer.runtime.layout.element_numbers import Numbering, TensorRange
from analyzer.runtime.layout.position_tables import Positions, Table, positions_of
from analyzer.runtime.layout.probe_values import (
    Conversion,
    Numbers,
    conversions_to,
    digits_needed,
    parts,
    read_digits,
)


@dataclass(frozen=True, slots=True)
class Place:
    """The positions of one tensor's elements in one optimized initializer.

    Attributes:
        slot: Name of the initializer in the optimized graph.
        conversion: The form in which the initializer holds the elements.
        positions: Flat position of each element; None when element *e* stands at position *e*.
    """

    slot: str
    conversion: Conversion
    positions: Positions | None


ContentsOf = Callable[[AtRisk], Values]
"""The contents of a tensor in one probe, in the tensor's dtype and shape."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One initializer of the optimized graph, under several contents of all tensors at risk.

    Attributes:
        name: The initializer's name.
        digits: Its values after each digit probe, least significant digit first.
        checks: Its values under other contents, each with those contents; positions that the
            digits tell count only if they explain all of them.
    """

    name: str
    digits: list[Values]
    checks: list[tuple[Values, ContentsOf]]

    def places(self, numberings: dict[ElementType, Numbering]) -> list[tuple[str, Place]] | None:
        """The tensors whose elements stand here, each with its place; None if this is no mere move.

        Args:
            numberings: the numbers of the elements of each type.
        """
        for conversion in conversions_to(self.digits[0].dtype, set(numberings)):
            numbering = numberings[conversion.source]
            count = int(numbering.starts[-1])
            digits = self.digits[: digits_needed(conversion.source, count)]
            numbers = read_digits(conversion, digits, count)
            if numbers is None:
                continue
            span = numbering.span(numbers)
            if all(
                _explains(numbers, span, conversion, found, contents)
                for found, contents in self.checks
            ):
                return list(self._places(conversion, span, numbers))
        return None

    def _places(
        self, conversion: Conversion, span: TensorRange, numbers: Numbers
    ) -> Iterator[tuple[str, Place]]:
        starts = span.numbering.starts
        for tensor, start in zip(span.tensors, starts[span.first :].tolist(), strict=False):
            for table in _tables(numbers, start, tensor.values.size):
                positions = positions_of(table, tensor.values.shape)
                yield tensor.name, Place(self.name, conversion, positions)


def _explains(
    numbers: Numbers, span: TensorRange, conversion: Conversion, found: Values, contents: ContentsOf
) -> bool:
    """True if moving contents by element numbers, with zeros as padding, gives ``found`` exactly.

    Args:
        numbers: int (elements of the slot,), element numbers, -1 for padding.
        span: the tensors that the numbers belong to.
        conversion: the form in which the slot holds elements.
        found: the slot's values.
        contents: the contents under which the slot has these values.
    """
    source, flat = span.joined(contents), found.reshape(-1)
    zero = conversion(np.zeros((), conversion.source.dtype).reshape(1))[0]
    for part in parts(len(numbers)):
        here = numbers[part]
        moved = conversion(source[np.maximum(here - span.start, 0)])
        moved[here < 0] = zero
        if not same_bytes(moved, flat[part]):
            return False
    return True


def _tables(numbers: Numbers, start: int, size: int) -> Iterator[Table]:
    """Positions of the elements whose numbers begin at ``start``: int32 (size,) each, -1: absent.

    One element may stand in several positions. So there are several tables, and each has at most
    one position of every element.
    """
    table = np.full(size, -1, np.int32)
    entries = 0
    for part in parts(len(numbers)):
        here, elements = _found(numbers[part], start, size)
        table[elements] = here + part.start
        entries += len(here)
    if np.count_nonzero(table >= 0) == entries:  # no element stands twice: the usual case
        if entries:
            yield table
        return
    here, elements = _found(numbers, start, size)
    while len(here):
        first = np.unique(elements, return_index=True)[1]
        table = np.full(size, -1, np.int32)
        table[elements[first]] = here[first]
        yield table
        here, elements = np.delete(here, first), np.delete(elements, first)


def _found(
    numbers: Numbers, start: int, size: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.signedinteger[Any]]]:
    """Positions with numbers from ``start`` to before ``start + size``; the elements they hold."""
    here = np.flatnonzero((numbers >= start) & (numbers < start + size))
    return here, numbers[here] - start
