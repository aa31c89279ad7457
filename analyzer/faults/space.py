"""The bits at risk as one index range: index <-> (tensor, element, bit). Knows no ONNX."""

import fnmatch
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.did_you_mean import meant
from analyzer.errors import EmptySelection, UnsupportedTarget, quoted
from analyzer.faults.elements import ELEMENT_TYPES, Codec, Codes, Values
from analyzer.faults.kinds import TruthTable
from analyzer.faults.models import FaultPattern
from analyzer.faults.operations import merged_masks


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


_NAMES = {
    Target.STORED: "stored tensor",
    Target.COMPUTED: "value that is computed at each run",
    Target.CHECK: "tensor of check bits",
}

Indices = npt.NDArray[np.int64]


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
    """

    name: str
    kind: AnyKind
    shape: tuple[int, ...]
    codec: Codec
    dtype: str
    target: Target = Target.STORED

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
        if self.target is Target.STORED:
            return values[self.name]
        one = np.ones((), ELEMENT_TYPES[self.dtype].dtype)
        return np.broadcast_to(one, self.shape)


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
            int64 (n,) tensor indices, ascending, and int64 (n,) bits counted within the tensor;
            a bit that several upsets hit is listed several times.
        """
        tensors = self.offsets.searchsorted(pattern.sites, side="right") - 1
        local = pattern.sites - self.offsets[tensors]
        footprint = pattern.fault.footprint
        if footprint.alone:
            return tensors, local
        bits = np.diff(self.offsets)[tensors]
        upsets, hit = footprint.spread(local, self.widths[tensors], bits)
        return tensors[upsets], hit

    def masks(self, pattern: FaultPattern) -> Iterator[ElementMasks]:
        """The hits of ``pattern``, tensor by tensor, several hits of one bit merged into one."""
        tensors, local = self.bits_hit(pattern)
        bounds = np.searchsorted(tensors, np.arange(len(self.tensors) + 1))
        for tensor in np.flatnonzero(np.diff(bounds)):
            hit = local[bounds[tensor] : bounds[tensor + 1]]
            yield self._merge(int(tensor), hit, pattern.fault.kind.becomes)

    def _merge(self, tensor: int, hit: Indices, becomes: TruthTable) -> ElementMasks:
        element, bit = np.divmod(hit, self.tensors[tensor].codec.bits)
        single = np.left_shift(np.uint64(1), bit.astype(np.uint64))
        distinct, inverse = np.unique(element, return_inverse=True)
        masks = merged_masks(becomes, inverse, single, len(distinct))
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
    """The tensors that a campaign exposes.

    Attributes:
        include: Name globs; empty means every name.
        exclude: Name globs that are taken out again.
        kinds: Kinds; empty means every kind.
        targets: Where bits are that upsets hit; stored tensors alone unless more is asked for.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    targets: tuple[Target, ...] = (Target.STORED,)

    def of(self, tensors: Sequence[TensorSite]) -> FaultSpace:
        """The space of the selected tensors.

        Args:
            tensors: all that are in scope.

        Raises:
            EmptySelection: nothing is left, or a pattern means none of them.
        """
        exposed = [t for t in tensors if t.target in self.targets]
        names = frozenset(t.name for t in exposed)
        taken = _meant("include", self.include, names) if self.include else names
        taken -= _meant("exclude", self.exclude, names)
        chosen = (t for t in exposed if t.name in taken)
        space = FaultSpace(tuple(t for t in chosen if not self.kinds or t.kind in self.kinds))
        if not space.bits:
            raise EmptySelection(
                f"--include, --exclude and --kinds leave none of the {len(tensors)} tensors in "
                "scope; `relcheck inspect MODEL` lists their names and kinds"
            )
        return space


def _meant(flag: str, patterns: Sequence[str], names: frozenset[str]) -> frozenset[str]:
    """The names that the patterns of a flag mean.

    Raises:
        EmptySelection: a pattern means none, so that it may be mistyped.
    """
    found: frozenset[str] = frozenset()
    for pattern in patterns:
        some = matching(pattern, names)
        if not some:
            raise EmptySelection(
                f"--{flag} {quoted(pattern)} matches none of the {len(names)} tensors in scope"
                f"{meant(pattern, sorted(names))}; `relcheck inspect MODEL` lists their names"
            )
        found |= some
    return found
