"""Probe values: contents that tell, after optimization, which element came from where.

Every element at risk has a number; a probe model stores digits of these numbers in its weights.
What the optimizer only moves can be read back: digits in, digits out. Digit values stay exactly
representable when ONNX Runtime casts a format to a wider one, and are never zero, so that zero
padding shows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.bits import (
    BFLOAT16,
    FLOAT16,
    FLOAT32,
    INT8,
    UINT8,
    ElementType,
    Values,
    from_codes,
    to_codes,
)

Numbers = npt.NDArray[np.int64]

LARGEST = 2**40
"""Above the number of any element, and low enough that no sum of digits leaves 64 bits."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """How ONNX Runtime may re-express an element when it optimizes: move, widen, shift.

    Attributes:
        source: Element type in the file.
        target: dtype in the optimized graph.
    """

    source: ElementType
    target: np.dtype[Any]

    def __call__(self, values: Values) -> Values:
        """``values`` as the optimized graph holds them.

        >>> Conversion(INT8, UINT8.dtype)(np.array([-128, 0, 127], np.int8)).tolist()
        [0, 128, 255]
        """
        if self.target == self.source.dtype:
            return np.asarray(values)
        if self.source == INT8:  # signed to unsigned moves the zero point by 128
            return np.asarray(np.ascontiguousarray(values).view(np.uint8) ^ np.uint8(0x80))
        with np.errstate(invalid="ignore"):
            return np.asarray(values.astype(self.target))


def conversions_to(target: np.dtype[Any], sources: set[ElementType]) -> list[Conversion]:
    """The conversions that could have produced a tensor of dtype ``target``, likeliest first."""
    candidates = [s for s in sources if s.dtype == target]
    if target == FLOAT32.dtype:
        candidates += [s for s in sources if s in (FLOAT16, BFLOAT16)]
    if target == UINT8.dtype and INT8 in sources:
        candidates.append(INT8)
    return [Conversion(s, target) for s in candidates]


def digit_base(element: ElementType) -> int:
    """How many distinct non-zero digits one element can carry through a cast."""
    if element.is_float:
        mantissa = min(element.bits - 1 - element.exponent, 23)
        return int(2 ** (mantissa + 1))
    return int(2 ** min(element.bits, 24)) - 1


def digits_needed(element: ElementType, count: int) -> int:
    """How many probes number ``count`` elements of one type."""
    base, digits = digit_base(element), 1
    while base**digits < count:
        digits += 1
    return digits


def digit_values(element: ElementType, first: int, count: int, digit: int) -> Values:
    """Probe contents of one tensor: digit ``digit`` of the numbers ``first`` .. + ``count``.

    >>> digit_values(INT8, 0, 3, 0).tolist(), digit_values(FLOAT32, 5, 2, 0).tolist()
    ([1, 2, 3], [6.0, 7.0])
    """
    base = digit_base(element)
    place = min(base**digit, LARGEST)  # all types are probed as often as the one with most digits
    numbers = np.arange(first, first + count, dtype=np.int64) // place % base + 1
    if element.is_float:
        return np.asarray(numbers.astype(element.dtype))
    return from_codes(numbers.astype(element.code_dtype), element)


def read_digits(conversion: Conversion, probes: list[Values]) -> Numbers | None:
    """Element numbers found in an optimized tensor; -1 for padding, None if they are no digits.

    Args:
        conversion: the assumed way from file to optimized graph.
        probes: the tensor after each digit probe, least significant digit first.
    """
    source = conversion.source
    base = digit_base(source)
    numbers = np.zeros(probes[0].size, np.int64)
    padding = np.ones(probes[0].size, bool)
    for digit, probe in enumerate(probes):
        found = _raw_digits(conversion, probe.reshape(-1))
        if found is None or found.min() < 0 or found.max() > base:
            return None
        zero = found == 0
        padding &= zero
        if base**digit > LARGEST:  # no number has such a digit: it is 0 everywhere but in padding
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
    if conversion.source.is_float:
        as_float = flat.astype(np.float64)
        digits = (np.abs(as_float) <= digit_base(conversion.source)) & (
            np.rint(as_float) == as_float
        )
        return as_float.astype(np.int64) if digits.all() else None
    if conversion.target != conversion.source.dtype:
        return (flat ^ np.uint8(0x80)).astype(np.int64)
    return to_codes(flat, conversion.source).astype(np.int64)


def noise_values(element: ElementType, golden: Values, seed: int) -> Values:
    """Contents with nothing special about them, to check what the digits said.

    Finite and moderate, of either sign, for floats; any code but 0 for integers; never equal to
    golden, so that whatever depends on an element changes.
    """
    rng = np.random.Generator(np.random.Philox(key=seed))
    if element.is_float:
        size = (0.5 + rng.random(golden.shape)).astype(element.dtype)
        noise = np.where(rng.random(golden.shape) < 0.5, size, -size)
        return np.where(noise == golden, -noise, noise)
    taken = to_codes(golden, element).astype(np.int64)
    codes = rng.integers(1, 2 ** min(element.bits, 24) - 1, size=golden.shape)
    codes += (taken > 0) & (codes >= taken)
    return from_codes(codes.astype(element.code_dtype), element)
