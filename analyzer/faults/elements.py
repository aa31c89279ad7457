"""Elements as bits: dtype <-> unsigned code, bit names, number formats.

A *code* is the unsigned integer that an element's stored bits spell; bit 0 is the least
significant. A *codec* maps values to codes and back. ``StoredCodec`` is the serialized
representation itself (IEEE-754, two's complement); ``FixedPointCodec`` holds values as Q-format
integers, as in Milazzo et al. 2025 (section III-A: 1 sign, 15 integer, 16 fraction bits).
"""

from dataclasses import dataclass
from typing import Any, Protocol

import ml_dtypes
import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.unsignedinteger[Any]]
Values = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class ElementType:
    """One element format: its numpy carrier, its width and the layout of its bits.

    Attributes:
        name: The name used in every report.
        dtype: numpy dtype that carries the values (``ml_dtypes`` for bfloat16 and int4).
        bits: Width of one element, in bits.
        exponent: Number of exponent bits, 0 for integers.
        signed: Whether the top bit is a sign bit.
    """

    name: str
    dtype: np.dtype[Any]
    bits: int
    exponent: int
    signed: bool

    @property
    def code_dtype(self) -> np.dtype[Any]:
        """Unsigned numpy dtype that holds one code."""
        return np.dtype(f"uint{max(8, self.bits)}")

    @property
    def is_float(self) -> bool:
        """True for numbers like those of IEEE 754."""
        return self.exponent > 0

    @property
    def mantissa(self) -> int:
        """Number of mantissa bits of a float."""
        return self.bits - 1 - self.exponent

    @property
    def bias(self) -> int:
        """Exponent bits of a float that stand for the factor 1.

        >>> FLOAT32.bias, FLOAT16.bias
        (127, 15)
        """
        return (1 << self.exponent - 1) - 1

    @property
    def largest(self) -> float:
        """The largest finite number of a float (IEEE 754-2019, section 3.3).

        >>> FLOAT16.largest
        65504.0
        """
        return (2.0 - 2.0**-self.mantissa) * 2.0**self.bias

    def field(self, bit: int) -> str:
        """Name of the field that ``bit`` belongs to: sign, exponent, mantissa or magnitude.

        >>> FLOAT32.field(31), FLOAT32.field(30), FLOAT32.field(0), INT8.field(7)
        ('sign', 'exponent', 'mantissa', 'sign')
        """
        if not 0 <= bit < self.bits:
            raise ValueError(f"bit {bit} is not in 0..{self.bits - 1} of {self.name}")
        if self.signed and bit == self.bits - 1:
            return "sign"
        if not self.is_float:
            return "magnitude"
        return "exponent" if bit >= self.mantissa else "mantissa"


def _element(
    name: str, dtype: Any, bits: int, exponent: int = 0, signed: bool = True
) -> ElementType:
    return ElementType(name, np.dtype(dtype), bits, exponent, signed)


FLOAT64 = _element("float64", np.float64, 64, 11)
FLOAT32 = _element("float32", np.float32, 32, 8)
FLOAT16 = _element("float16", np.float16, 16, 5)
BFLOAT16 = _element("bfloat16", ml_dtypes.bfloat16, 16, 8)
INT32 = _element("int32", np.int32, 32)
INT8 = _element("int8", np.int8, 8)
UINT8 = _element("uint8", np.uint8, 8, signed=False)
INT4 = _element("int4", ml_dtypes.int4, 4)
UINT4 = _element("uint4", ml_dtypes.uint4, 4, signed=False)

ELEMENT_TYPES = {
    e.name: e for e in (FLOAT64, FLOAT32, FLOAT16, BFLOAT16, INT32, INT8, UINT8, INT4, UINT4)
}


def to_codes(values: Values, element: ElementType) -> Codes:
    """The stored bits of ``values`` as unsigned integers.

    Args:
        values: array of ``element.dtype``, any shape.
        element: its format.

    Returns:
        Codes of ``element.code_dtype``, same shape; a view where the width allows it.

    >>> to_codes(np.array([1.0, -0.0], np.float32), FLOAT32).tolist()
    [1065353216, 2147483648]
    >>> to_codes(np.array([-8, 7], INT4.dtype), INT4).tolist()
    [8, 7]
    """
    if element.bits >= 8:
        return np.asarray(values, order="C").view(element.code_dtype)
    return values.astype(np.int8).view(np.uint8) & np.uint8((1 << element.bits) - 1)


def from_codes(codes: Codes, element: ElementType) -> Values:
    """The values whose stored bits are ``codes``: the inverse of `to_codes`.

    Args:
        codes: array of ``element.code_dtype``, any shape.
        element: the format of the values.

    Returns:
        Values of ``element.dtype``, same shape; a view where the width allows it.

    >>> from_codes(np.array([8, 7], np.uint8), INT4).tolist()
    [-8, 7]
    """
    if element.bits >= 8:
        return np.asarray(codes, order="C").view(element.dtype)
    wide = codes.astype(np.int16)
    if element.signed:
        wide = np.where(wide >= 1 << (element.bits - 1), wide - (1 << element.bits), wide)
    return wide.astype(element.dtype)


def to_raw(values: Values, element: ElementType) -> bytes:
    """The bytes that ONNX stores for ``values``: little-endian, 4-bit elements packed low first.

    Bit *b* of element *e* is bit ``(e * bits + b) % 8`` of byte ``(e * bits + b) // 8``.

    Args:
        values: array of ``element.dtype``, any shape.
        element: its format.

    >>> to_raw(np.array([1, -1, 7], INT4.dtype), INT4).hex()
    'f107'
    """
    return raw_array(values, element).tobytes()


def raw_array(values: Values, element: ElementType) -> npt.NDArray[np.uint8]:
    """The bytes of `to_raw` as an array.

    Args:
        values: array of ``element.dtype``, any shape.
        element: its format.

    Returns:
        uint8 (bytes,), a view of ``values`` where the bytes stand there already.
    """
    codes = to_codes(values, element).reshape(-1)
    if element.bits >= 8:
        return codes.astype(codes.dtype.newbyteorder("<"), copy=False).view(np.uint8)
    padded = np.zeros(-(-len(codes) // 2) * 2, np.uint8)
    padded[: len(codes)] = codes
    return padded[0::2] | padded[1::2] << np.uint8(4)


class Codec(Protocol):
    """The form in which a tensor's values are held in the memory whose bits flip."""

    @property
    def name(self) -> str:
        """Name in flags and reports."""

    @property
    def bits(self) -> int:
        """Width of one element in that memory."""

    def encode(self, values: Values) -> Codes:
        """Codes of ``values``, same shape."""

    def decode(self, codes: Codes) -> Values:
        """Values of ``codes``, same shape, in the tensor's own dtype."""


@dataclass(frozen=True, slots=True)
class StoredCodec:
    """The serialized representation itself.

    >>> codec = StoredCodec(FLOAT32)
    >>> codec.decode(codec.encode(np.array([1.0], np.float32)) ^ np.uint32(1 << 30)).tolist()
    [inf]
    """

    element: ElementType

    @property
    def name(self) -> str:
        """Name in flags and reports."""
        return "stored"

    @property
    def bits(self) -> int:
        """Width of one element."""
        return self.element.bits

    def encode(self, values: Values) -> Codes:
        """Codes of ``values``."""
        return to_codes(values, self.element)

    def decode(self, codes: Codes) -> Values:
        """Values of ``codes``."""
        return from_codes(codes, self.element)


@dataclass(frozen=True, slots=True)
class FixedPointCodec:
    """Two's-complement fixed point: 1 sign, ``integer`` and ``fraction`` bits; 32 in all.

    Encoding rounds to nearest (ties to even) and saturates; NaN becomes 0. Every encoded value
    below 2^24 / 2^fraction is exact in float32, and encoding a decoded code of a *float32* value
    gives the code back, so that the fault-free memory is a fixed point of the codec.

    >>> codec = FixedPointCodec(FLOAT32, 15, 16)
    >>> codec.encode(np.array([1.0, -1.0, 1e9], np.float32)).tolist()
    [65536, 4294901760, 2147483647]
    >>> codec.decode(np.array([65536 | 1 << 30], np.uint32)).tolist()
    [16385.0]
    """

    element: ElementType
    integer: int = 15
    fraction: int = 16

    @property
    def name(self) -> str:
        """Name in flags and reports."""
        return f"q{self.integer}.{self.fraction}"

    @property
    def bits(self) -> int:
        """Width of one element."""
        return 1 + self.integer + self.fraction

    def encode(self, values: Values) -> Codes:
        """Codes of ``values``: round(v * 2^fraction), saturated, as uint32."""
        limit = 2.0**self.integer
        bounded = np.clip(np.nan_to_num(values.astype(np.float64), nan=0.0), -limit, limit)
        scaled = np.minimum(np.rint(bounded * 2.0**self.fraction), 2.0 ** (self.bits - 1) - 1)
        return scaled.astype(np.int64).astype(np.int32).view(np.uint32)

    def decode(self, codes: Codes) -> Values:
        """Values of ``codes``: code / 2^fraction, rounded to the tensor's dtype."""
        exact = np.asarray(codes, order="C").view(np.int32).astype(np.float64) / 2.0**self.fraction
        return np.asarray(exact, self.element.dtype)


ENCODINGS = ("stored", "q15.16")


def codec_for(encoding: str, element: ElementType) -> Codec:
    """The codec of one tensor under an encoding: fixed point applies to floats only.

    Args:
        encoding: one of `ENCODINGS`.
        element: the format of the tensor's elements.

    Raises:
        ValueError: there is no such encoding.

    >>> codec_for("q15.16", FLOAT32).name, codec_for("q15.16", INT8).name
    ('q15.16', 'stored')
    """
    if encoding == "q15.16" and element.is_float:
        return FixedPointCodec(element)
    if encoding in ENCODINGS:
        return StoredCodec(element)
    raise ValueError(f"unknown encoding {encoding!r}")
