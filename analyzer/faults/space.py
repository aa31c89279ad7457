"""The bits at risk as one index range: index <-> (tensor, element, bit). Knows no ONNX."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import UnsupportedTarget, quoted
from analyzer.faults.elements import Codes
from analyzer.faults.kinds import TruthTable
from analyzer.faults.models import FaultPattern
from analyzer.faults.operations import merged_masks
from analyzer.faults.sites import (
    Alias,
    AnyKind,
    ComputedKind,
    Kind,
    Part,
    Target,
    TensorSite,
)

__all__ = [
    "Alias",
    "AnyKind",
    "ComputedKind",
    "ElementMasks",
    "FaultSpace",
    "Indices",
    "Kind",
    "Part",
    "Target",
    "TensorSite",
]

_NAMES = {
    Target.STORED: "stored tensor",
    Target.COMPUTED: "value that is computed at each run",
    Target.CHECK: "tensor of check bits",
}

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ElementMasks:
    """The hits of one pattern in one tensor.

    Attributes:
        tensor: Index of the tensor among `FaultSpace.every` of its space.
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

    Attributes:
        tensors: The tensors whose bits are counted.
        aliases: Tensors that hold some of the same bits, and are hit with them.
    """

    tensors: tuple[TensorSite, ...]
    aliases: tuple[Alias, ...] = ()
    _index: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._index.update({t.name: i for i, t in enumerate(self.tensors)})

    @cached_property
    def every(self) -> tuple[TensorSite, ...]:
        """The tensors, then the aliases: what `bits_hit` and `masks` count by."""
        return (*self.tensors, *(alias.site for alias in self.aliases))

    @cached_property
    def members(self) -> tuple[TensorSite, ...]:
        """Every stored tensor that upsets hit, aliases included, each once."""
        found = {t.name: t for t in self.every if not t.parts}
        return tuple(found.values())

    @property
    def sharing(self) -> list[tuple[str, list[str]]]:
        """Tensors that share bytes: in which the bits are counted, and which others hold some."""
        found: dict[int, list[str]] = {}
        for alias in self.aliases:
            found.setdefault(alias.owner, []).append(alias.site.name)
        return [(self.tensors[owner].name, names) for owner, names in found.items()]

    def counted_in(self, index: int) -> int:
        """Index of the tensor in which bits of a tensor of `every` are counted."""
        own = index - len(self.tensors)
        return index if own < 0 else self.aliases[own].owner

    @cached_property
    def offsets(self) -> Indices:
        """First bit of each tensor, and one past the last: int64 (tensors + 1,)."""
        return np.cumsum([0, *(t.bits for t in self.tensors)], dtype=np.int64)

    @cached_property
    def widths(self) -> Indices:
        """Bits of one element of each tensor, aliases included: int64 (tensors,)."""
        return np.array([t.codec.bits for t in self.every], np.int64)

    @property
    def bits(self) -> int:
        """Number of bits at risk."""
        return int(self.offsets[-1])

    @property
    def parameters(self) -> int:
        """Number of elements at risk."""
        return sum(t.elements for t in self.tensors)

    def check_served(self, served: Collection[Target], who: str) -> None:
        """Refuse a space with tensors that an executor cannot fault.

        Args:
            served: targets whose bits the executor can flip.
            who: the executor, as the subject of a sentence.

        Raises:
            UnsupportedTarget: a tensor has another target.
        """
        for tensor in self.tensors:
            if tensor.target not in served:
                raise UnsupportedTarget(
                    f"{who} cannot flip bits of {quoted(tensor.name)}, a {_NAMES[tensor.target]}; "
                    "--exclude it, or use an executor that can"
                )

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
        """Site index of one bit: the inverse of `locate`.

        Args:
            tensor: index of the tensor.
            element: flat index of the element.
            bit: position of the bit, 0 the least significant.
        """
        return int(self.offsets[tensor]) + element * self.tensors[tensor].codec.bits + bit

    def bits_hit(self, pattern: FaultPattern) -> tuple[Indices, Indices]:
        """The bits that ``pattern`` hits: at each site the footprint of the fault.

        Returns:
            int64 (n,) indices of `every`, ascending, and int64 (n,) bits counted within the tensor;
            a bit that several upsets hit is listed several times.
        """
        hit = self.bits_upset(pattern)
        return self._with_aliases(*hit) if self.aliases else hit

    def bits_upset(self, pattern: FaultPattern) -> tuple[Indices, Indices]:
        """The same without aliases: each bit in the tensor that it is counted in.

        Returns:
            int64 (n,) tensor indices, ascending, and int64 (n,) bits counted within the tensor.
        """
        if pattern.chosen is not None:
            found = [self.bits_upset(part) for part in pattern.by_kind()]
            tensors, local = (np.concatenate(column) for column in zip(*found, strict=True))
            order = np.argsort(tensors, kind="stable")
            return tensors[order], local[order]
        tensors = self.offsets.searchsorted(pattern.sites, side="right") - 1
        local = pattern.sites - self.offsets[tensors]
        footprint = pattern.fault.footprint
        if footprint.alone:
            return tensors, local
        bits = np.diff(self.offsets)[tensors]
        upsets, hit = footprint.spread(local, self.widths[tensors], bits)
        return tensors[upsets], hit

    def _with_aliases(self, tensors: Indices, bits: Indices) -> tuple[Indices, Indices]:
        """The hits, and those of the other tensors that hold the same bits."""
        whole = np.array([not t.parts for t in self.tensors], np.bool_)[tensors]
        found = [(tensors[whole], bits[whole])]
        for index, alias in enumerate(self.aliases, len(self.tensors)):
            moved = bits[tensors == alias.owner] - alias.shift
            moved = moved[(moved >= 0) & (moved < alias.site.bits)]
            found.append((np.full(len(moved), index, np.int64), moved))
        return np.concatenate([t for t, _ in found]), np.concatenate([b for _, b in found])

    def masks(
        self, pattern: FaultPattern, wanted: npt.NDArray[np.bool_] | None = None
    ) -> Iterator[ElementMasks]:
        """The hits of ``pattern``, tensor by tensor, several hits of one bit merged into one.

        Args:
            pattern: the upsets.
            wanted: bool (tensors,), true for those whose hits are wanted; None: all of them.
        """
        tensors, local = self.bits_hit(pattern)
        bounds = np.searchsorted(tensors, np.arange(len(self.every) + 1))
        hits = np.diff(bounds) > 0
        for tensor in np.flatnonzero(hits if wanted is None else hits & wanted):
            hit = local[bounds[tensor] : bounds[tensor + 1]]
            yield self._merge(int(tensor), hit, pattern.fault.kind.becomes)

    def _merge(self, tensor: int, hit: Indices, becomes: TruthTable) -> ElementMasks:
        element, bit = np.divmod(hit, self.every[tensor].codec.bits)
        single = np.left_shift(np.uint64(1), bit.astype(np.uint64))
        if len(hit) == 1:  # the usual case at low rates
            return ElementMasks(tensor, element, single)
        distinct, inverse = np.unique(element, return_inverse=True)
        masks = merged_masks(becomes, inverse, single, len(distinct))
        return ElementMasks(tensor, distinct, masks)
