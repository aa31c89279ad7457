"""The bits at risk as one index range: index <-> (tensor, element, bit). Knows no ONNX."""

import fnmatch
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.did_you_mean import meant
from analyzer.errors import EmptySelection, quoted
from analyzer.faults.elements import Codec, Codes
from analyzer.faults.models import FaultPattern


class Kind(StrEnum):
    """What an initializer is to the operator that reads it."""

    WEIGHT = "weight"
    BIAS = "bias"
    SCALE = "scale"
    ZERO_POINT = "zero-point"
    NORM = "norm"
    CONSTANT = "constant"


Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TensorSite:
    """One tensor at risk.

    Attributes:
        name: Its name in the ONNX file.
        kind: What it is to its consumer.
        shape: Its shape; () for a scalar.
        codec: How its elements are held in the memory whose bits flip.
        dtype: Name of its element type.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    codec: Codec
    dtype: str

    @property
    def elements(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def bits(self) -> int:
        """Number of bits at risk."""
        return self.elements * self.codec.bits


@dataclass(frozen=True, slots=True)
class ElementMasks:
    """The hits of one pattern in one tensor.

    Attributes:
        tensor: Index of the tensor in its space.
        elements: int64 (m,), flat element indices, ascending and distinct.
        masks: uint64 (m,), the bits hit in each element.
    """

    tensor: int
    elements: Indices
    masks: npt.NDArray[np.uint64]

    def codes(self, dtype: np.dtype[Any]) -> Codes:
        """The masks in the width of the tensor's codes."""
        return self.masks.astype(dtype)


@dataclass(frozen=True)
class FaultSpace:
    """Tensors laid end to end; every bit of every element has one index.

    Tensor by tensor, element by element, bit 0 (the least significant) first.
    """

    tensors: tuple[TensorSite, ...]
    _index: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._index.update({t.name: i for i, t in enumerate(self.tensors)})

    @cached_property
    def offsets(self) -> Indices:
        """First bit of each tensor, and one past the last: int64 (tensors + 1,)."""
        return np.cumsum([0, *(t.bits for t in self.tensors)], dtype=np.int64)

    @cached_property
    def widths(self) -> Indices:
        """Bits of one element of each tensor: int64 (tensors,)."""
        return np.array([t.codec.bits for t in self.tensors], np.int64)

    @property
    def bits(self) -> int:
        """Number of bits at risk."""
        return int(self.offsets[-1])

    @property
    def parameters(self) -> int:
        """Number of elements at risk."""
        return sum(t.elements for t in self.tensors)

    def tensor_index(self, name: str) -> int:
        """Index of the tensor called ``name``; KeyError if it is not at risk."""
        return self._index[name]

    def locate(self, site: int) -> tuple[int, int, int]:
        """(tensor, element, bit) of one site index.

        Raises:
            IndexError: the site is not in 0..bits-1.
        """
        if not 0 <= site < self.bits:
            raise IndexError(f"site {site} is not in 0..{self.bits - 1}")
        tensor = int(np.searchsorted(self.offsets, site, side="right")) - 1
        element, bit = divmod(site - int(self.offsets[tensor]), self.tensors[tensor].codec.bits)
        return tensor, element, bit

    def site(self, tensor: int, element: int, bit: int) -> int:
        """Site index of (tensor, element, bit): the inverse of `locate`."""
        return int(self.offsets[tensor]) + element * self.tensors[tensor].codec.bits + bit

    def bits_hit(self, pattern: FaultPattern) -> tuple[Indices, Indices]:
        """The bits that ``pattern`` hits, bursts spread out.

        Returns:
            int64 (n,) tensor indices, ascending, and int64 (n,) bits counted within the tensor;
            a bit that several bursts hit is listed several times.
        """
        tensors = self.offsets.searchsorted(pattern.sites, side="right") - 1
        local = pattern.sites - self.offsets[tensors]
        if pattern.fault.length == 1:
            return tensors, local
        spread = local[:, None] + np.arange(pattern.fault.length)
        inside = spread < np.diff(self.offsets)[tensors][:, None]
        return np.broadcast_to(tensors[:, None], spread.shape)[inside], spread[inside]

    def masks(self, pattern: FaultPattern) -> Iterator[ElementMasks]:
        """The hits of ``pattern``, tensor by tensor, overlapping bursts cancelling bit by bit."""
        tensors, local = self.bits_hit(pattern)
        bounds = np.searchsorted(tensors, np.arange(len(self.tensors) + 1))
        for tensor in np.flatnonzero(np.diff(bounds)):
            yield self._combine(int(tensor), local[bounds[tensor] : bounds[tensor + 1]])

    def _combine(self, tensor: int, sites: Indices) -> ElementMasks:
        element, bit = np.divmod(sites, self.tensors[tensor].codec.bits)
        single = np.left_shift(np.uint64(1), bit.astype(np.uint64))
        distinct, inverse = np.unique(element, return_inverse=True)
        masks = np.zeros(len(distinct), np.uint64)
        np.bitwise_xor.at(masks, inverse, single)
        return ElementMasks(tensor, distinct, masks)


def matching(pattern: str, names: Collection[str]) -> frozenset[str]:
    """The names that a pattern means: the one that it spells, else those that it takes as a glob.

    Names of exporters hold brackets, which a glob would read as a set of characters.

    Args:
        pattern: a name or a glob.
        names: of all tensors in scope.

    >>> sorted(matching("layers[0]/w", ["layers[0]/w", "layers0/w"]))
    ['layers[0]/w']
    >>> sorted(matching("layers*", ["layers[0]/w", "layers0/w", "fc/w"]))
    ['layers0/w', 'layers[0]/w']
    """
    if pattern in names:
        return frozenset({pattern})
    return frozenset(name for name in names if fnmatch.fnmatchcase(name, pattern))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tensors a campaign exposes.

    Attributes:
        include: Name globs; empty means every name.
        exclude: Name globs that are taken out again.
        kinds: Kinds; empty means every kind.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()

    def of(self, tensors: Sequence[TensorSite]) -> FaultSpace:
        """The space of the selected tensors.

        Args:
            tensors: all that are in scope.

        Raises:
            EmptySelection: nothing is left, or a pattern means none of them.
        """
        names = frozenset(t.name for t in tensors)
        taken = self._meant("include", self.include, names) if self.include else names
        taken -= self._meant("exclude", self.exclude, names)
        kinds = self.kinds or tuple(Kind)
        space = FaultSpace(tuple(t for t in tensors if t.name in taken and t.kind in kinds))
        if not space.bits:
            raise EmptySelection(
                f"--include, --exclude and --kinds leave none of the {len(tensors)} tensors in "
                "scope; `relcheck inspect MODEL` lists their names and kinds"
            )
        return space

    @staticmethod
    def _meant(flag: str, patterns: Sequence[str], names: frozenset[str]) -> frozenset[str]:
        """The names that patterns mean; one that means none may be mistyped."""
        found: frozenset[str] = frozenset()
        for pattern in patterns:
            some = matching(pattern, names)
            if not some:
                hint = meant(pattern, sorted(names))
                raise EmptySelection(
                    f"--{flag} {quoted(pattern)} matches none of the {len(names)} tensors in "
                    f"scope{hint}; `relcheck inspect MODEL` lists their names"
                )
            found |= some
        return found
