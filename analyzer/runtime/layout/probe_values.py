"""Probe values: contents from which one can read, after optimization, where each element is.

Every element at risk has a number, and a probe model stores digits of these numbers in its weights.
Where the optimizer only moves elements, the digits can be read back. A digit of a float is added to
the *code* of 1.0, so that one float32 can tell half a billion numbers apart. Digits stay exact when
ONNX Runtime casts a format to a wider one, and are never zero, so that zero padding shows.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.faults.elements import (
    ELEMENT_TYPES,
    INT8,
    Codes,
    ElementType,
    Values,
    from_codes,
    to_codes,
)
from analyzer.model.element_types import may_be_held_as
from analyzer.runtime.layout.position_tables import CHUNK

Numbers = npt.NDArray[np.signedinteger[Any]]
"""Element numbers; -1 stands for padding."""

NUMBER_LIMIT = 2**40
"""Above the number of any element, and low enough that no sum of digits exceeds 64 bits."""

_EXPONENTS = 64
"""Exponents that digits of floats may have, from that of 1.0 on: the values stay moderate."""

_MOST_DIGITS = 2**29
"""Most digits that one float tells apart: enough for a float32 model of 2 GiB."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A way in which the optimizer may express an element: as it is, widened, or shifted.

    Attributes:
        source: Element type in the file.
        target: dtype in the optimized graph.
    """

    source: ElementType
    target: np.dtype[Any]

    def __call__(self, values: Values) -> Values:
        """Express values, in the dtype `source`, as the optimized graph holds them.

        >>> Conversion(INT8, np.dtype(np.uint8))(np.array([-128, 0, 127], np.int8)).tolist()
        [0, 128, 255]
        """
        if self.target == self.source.dtype:
            return np.asarray(values)
        if self.source == INT8:  # signed to unsigned moves the zero point by 128
            return np.asarray(np.ascontiguousarray(values).view(np.uint8) ^ np.uint8(0x80))
        with np.errstate(invalid="ignore"):
            return np.asarray(values.astype(self.target))


def conversions_to(target: np.dtype[Any], sources: set[ElementType]) -> list[Conversion]:
    """The conversions that could have produced a tensor, likeliest first.

    Args:
        target: dtype of the tensor in the optimized graph.
        sources: element types of the tensors at risk.
    """
    candidates = [s for s in sources if s.dtype == target]
    for held in ELEMENT_TYPES.values():
        if held.dtype == target:
            candidates += [s for s in sources if may_be_held_as(s, held)]
    return [Conversion(s, target) for s in candidates]


def digit_base(element: ElementType) -> int:
    """The number of distinct non-zero digits that one element can carry through a cast."""
    if element.is_float:
        exponents = 2**element.exponent - 1 - element.bias
        return int(min(min(exponents, _EXPONENTS) << element.mantissa, _MOST_DIGITS))
    return int(2 ** min(element.bits, 24)) - 1


def _first_code(element: ElementType) -> int:
    """The code of digit 0, which those of higher digits follow. For floats it is that of 1.0."""
    return element.bias << element.mantissa if element.is_float else 1


def digits_needed(element: ElementType, count: int) -> int:
    """The number of digits, each a probe of its own, that element numbers need.

    Args:
        element: the element type.
        count: elements of that type.
    """
    base, digits = digit_base(element), 1
    while base**digits < count:
        digits += 1
    return digits


def digit_values(element: ElementType, first: int, count: int, digit: int) -> Values:
    """Probe contents of one tensor: a digit of each element's number, in ``element``'s dtype, flat.

    Args:
        element: the tensor's element type.
        first: number of its first element.
        count: its elements.
        digit: 0 for the least significant digit.

    >>> digit_values(INT8, 0, 3, 0).tolist()
    [1, 2, 3]
    >>> float32 = ELEMENT_TYPES["float32"]
    >>> digit_values(float32, 2**22, 2, 0).tolist() == [1.5, 1.5 + 2**-23]
    True
    """
    base, lowest = digit_base(element), _first_code(element)
    # All types are probed as often as the type with most digits, so ``digit`` may be out of range.
    place = min(base**digit, NUMBER_LIMIT)
    codes = np.empty(count, element.code_dtype)
    for part in parts(count):
        numbers = np.arange(first + part.start, first + part.stop)
        if place > 1 or first + count > base:
            numbers = numbers // place % base
        codes[part] = numbers + lowest
    return from_codes(codes, element)


def parts(count: int) -> Iterator[slice]:
    """Slices of `CHUNK` elements that cover ``count`` elements."""
    for start in range(0, count, CHUNK):
        yield slice(start, min(start + CHUNK, count))


def read_digits(conversion: Conversion, probes: list[Values], count: int) -> Numbers | None:
    """Read element numbers from an optimized tensor; None if its values are no digits.

    Args:
        conversion: the assumed way from file to optimized graph.
        probes: the tensor after each digit probe, least significant digit first.
        count: elements that have numbers.

    Returns:
        int32 (elements,), int64 from 2**31 elements on: numbers below ``count``, -1 for padding.
    """
    flat = [probe.reshape(-1) for probe in probes]
    found: Numbers = np.empty(flat[0].size, np.int32 if count < 2**31 else np.int64)
    for part in parts(len(found)):
        numbers = _read_part(conversion, [probe[part] for probe in flat])
        if numbers is None or numbers.max() >= count:
            return None
        found[part] = numbers
    return found


def _read_part(conversion: Conversion, probes: list[Values]) -> Numbers | None:
    base = digit_base(conversion.source)
    numbers = np.zeros(probes[0].size, np.int64)
    padding = np.ones(probes[0].size, bool)
    for digit, probe in enumerate(probes):
        found = _raw_digits(conversion, probe)
        if found is None or found.min() < 0 or found.max() > base:
            return None
        zero = found == 0
        padding &= zero
        if base**digit > NUMBER_LIMIT:  # no number is so long: this digit is 0 but in padding
            if found.max() > 1:
                return None
            numbers[zero] = -1
        else:
            numbers += (found - 1) * base**digit
    mixed = numbers < 0
    if np.any(mixed & ~padding):
        return None
    numbers[padding] = -1
    return numbers


def _raw_digits(conversion: Conversion, flat: Values) -> Numbers | None:
    """Digits plus 1, and 0 where the element is zero; None if an element is not a cast digit."""
    source = conversion.source
    if source.is_float:
        with np.errstate(over="ignore", invalid="ignore"):
            stored = np.asarray(flat.astype(source.dtype, copy=False))
        if conversion.target != source.dtype and conversion(stored).tobytes() != flat.tobytes():
            return None
        codes: Numbers = to_codes(stored, source).astype(np.int64)
        codes[codes != 0] -= _first_code(source) - 1
        return codes
    if conversion.target != source.dtype:
        return (flat ^ np.uint8(0x80)).astype(np.int64)
    return to_codes(flat, source).astype(np.int64)


def noise_values(element: ElementType, golden: Values, seed: int) -> Values:
    """Contents with nothing special about them, to check what the digits tell.

    Floats are finite and moderate, of either sign; integers have any code but 0. No element is
    equal to golden, so that whatever depends on an element changes.

    Args:
        element: the tensor's element type.
        golden: golden contents, in the type's dtype, any shape.
        seed: different seeds give different contents.
    """
    rng = np.random.Generator(np.random.SFC64(seed))
    flat, codes = golden.reshape(-1), np.empty(golden.size, element.code_dtype)
    for part in parts(golden.size):
        taken = to_codes(flat[part], element)
        if element.is_float:
            codes[part] = _noise_floats(element, taken, rng)
        else:
            drawn = rng.integers(1, 2 ** min(element.bits, 24) - 1, size=len(taken))
            codes[part] = drawn + ((taken > 0) & (drawn >= taken))
    return from_codes(codes, element).reshape(golden.shape)


def _noise_floats(element: ElementType, taken: Codes, rng: np.random.Generator) -> Codes:
    """Codes of numbers between one half and one, of either sign, each unlike that in ``taken``."""
    dtype, mantissa = element.code_dtype, element.mantissa
    sign = 1 << (element.bits - 1)
    drawn = np.frombuffer(rng.bytes(taken.nbytes), dtype) & dtype.type(sign | (1 << mantissa) - 1)
    drawn |= dtype.type(element.bias - 1 << mantissa)
    drawn[drawn == taken] ^= dtype.type(sign)
    return np.asarray(drawn)


def arbitrary_values(element: ElementType, shape: tuple[int, ...], seed: int) -> Values:
    """Contents of which every bit is random: infinity, NaN and subnormal numbers are among them.

    Args:
        element: the tensor's element type.
        shape: the tensor's shape.
        seed: different seeds give different contents.
    """
    count = math.prod(shape)
    raw = np.random.Generator(np.random.SFC64(seed)).bytes(count * element.code_dtype.itemsize)
    return from_codes(np.frombuffer(raw, element.code_dtype), element).reshape(shape)
