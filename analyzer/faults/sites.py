"""Tensors at risk: the part that each plays, its shape, how it is held. Knows no ONNX."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from analyzer.faults.elements import ELEMENT_TYPES, Codec, Values, raw_array


class Kind(StrEnum):
    """The part that a stored tensor plays for the operator that reads it."""

    WEIGHT = "weight"
    BIAS = "bias"
    SCALE = "scale"
    ZERO_POINT = "zero-point"
    NORM = "norm"
    CONSTANT = "constant"


class ComputedKind(StrEnum):
    """The part that a computed value plays. No command exposes one yet."""

    ACTIVATION = "activation"


AnyKind = Kind | ComputedKind


class Target(StrEnum):
    """The place of a tensor's bits at the moment of an upset."""

    STORED = "stored"
    """In the file: their golden values are known before any run."""

    COMPUTED = "computed"
    """In a value that a node computes: their golden values are those of the run."""

    CHECK = "check"
    """Beside the data: check bits that a protection keeps. No executor meets them."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stored tensor among bytes that several tensors share.

    Attributes:
        name: Of the tensor.
        start: Its first byte among the shared ones.
        dtype: Name of its element type.
    """

    name: str
    start: int
    dtype: str


@dataclass(frozen=True, slots=True)
class TensorSite:
    """One tensor at risk.

    Attributes:
        name: Its name in the ONNX file.
        kind: The part that it plays for its reader.
        shape: Its shape; () for a scalar. Of a computed value: the shape for one image.
        codec: How its elements are held in the memory whose bits flip.
        dtype: Name of its element type.
        target: Where its bits are when an upset hits them.
        parts: Of bytes that several tensors share, and none holds all of: these tensors.
    """

    name: str
    kind: AnyKind
    shape: tuple[int, ...]
    codec: Codec
    dtype: str
    target: Target = Target.STORED
    parts: tuple[Part, ...] = ()

    @property
    def first(self) -> str:
        """Name of the tensor, or of the first that shares the bytes."""
        return self.parts[0].name if self.parts else self.name

    @property
    def elements(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def bits(self) -> int:
        """Number of bits at risk."""
        return self.elements * self.codec.bits

    def golden(self, values: Mapping[str, Values]) -> Values:
        """Golden values, as far as they are known before a run.

        Args:
            values: those of the stored tensors, by name.

        Returns:
            An array of ``shape``. Of what is not stored nothing is known: every element counts as
            1, so that bit positions are told apart by the number format alone.
        """
        if self.parts:
            return self._joined(values)
        if self.target is Target.STORED:
            return values[self.name]
        one = np.ones((), ELEMENT_TYPES[self.dtype].dtype)
        return np.broadcast_to(one, self.shape)

    def _joined(self, values: Mapping[str, Values]) -> Values:
        """The bytes that several tensors share, as each of them tells its own."""
        joined = np.zeros(self.shape, np.uint8)
        for part in self.parts:
            raw = raw_array(values[part.name], ELEMENT_TYPES[part.dtype])
            joined[part.start : part.start + len(raw)] = raw
        return joined


@dataclass(frozen=True, slots=True)
class Alias:
    """A stored tensor that holds bits of another one's memory, because they share bytes.

    Attributes:
        site: The tensor.
        owner: Index of the tensor whose bits are counted.
        shift: Bit *b* of the owner is bit *b* - ``shift`` of this tensor, if it has such a bit.
    """

    site: TensorSite
    owner: int
    shift: int
