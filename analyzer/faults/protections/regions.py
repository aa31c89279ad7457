"""Memories side by side, each with a protection of its own: one memory of one model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from analyzer.errors import BadOption, BadTarget
from analyzer.faults.bitmap import Bools
from analyzer.faults.elements import Values
from analyzer.faults.models import FLIP, FaultPattern, SiteIndex
from analyzer.faults.protections.grammar import NONE
from analyzer.faults.protections.in_place import InPlaceCodec
from analyzer.faults.protections.plan import ProtectionPlan, Rule
from analyzer.faults.protections.protection import (
    ProtectedMemory,
    Protection,
    ProtectionExample,
    Residual,
)
from analyzer.faults.space import FaultSpace, Indices

UNPROTECTED = ProtectionPlan((Rule(None),))
"""Reads every upset as flips, so that residuals of all memories are of one kind."""


@dataclass(frozen=True)
class JoinedMemory:
    """Memories of the tensors of one model.

    Attributes:
        data: The bits that readers meet.
        parts: The memories.
        members: Of each memory, the indices of its tensors in ``data``, ascending.
    """

    data: FaultSpace
    parts: tuple[ProtectedMemory, ...]
    members: tuple[tuple[int, ...], ...]

    @cached_property
    def space(self) -> FaultSpace:
        """The data, then the check bits of each memory."""
        checks = (t for part in self.parts for t in part.space.tensors[len(part.data.tensors) :])
        return FaultSpace((*self.data.tensors, *checks), self.data.aliases)

    @cached_property
    def tensors_of(self) -> tuple[tuple[int, ...], ...]:
        """Of each memory, the indices in ``space`` of its tensors, check bits behind the others."""
        found, first = [], len(self.data.tensors)
        for own, part in zip(self.members, self.parts, strict=True):
            count = len(part.space.tensors) - len(part.data.tensors)
            found.append((*own, *range(first, first + count)))
            first += count
        return tuple(found)

    @cached_property
    def _home(self) -> Indices:
        """Memory and place in it of each tensor of ``space``: int64 (tensors, 2)."""
        home = np.zeros((len(self.space.tensors), 2), np.int64)
        for number, own in enumerate(self.tensors_of):
            home[list(own), 0] = number
            home[list(own), 1] = np.arange(len(own))
        return home

    def residual(self, pattern: FaultPattern) -> Residual:
        """Decode each memory that is hit; see `ProtectedMemory.residual`."""
        tensors = self.space.offsets.searchsorted(pattern.sites, side="right") - 1
        number, place = self._home[tensors].T
        local = pattern.sites - self.space.offsets[tensors]
        found, left = [], []
        for index in np.unique(number).tolist():
            part, mine = self.parts[index], number == index
            chosen = None if pattern.chosen is None else pattern.chosen[mine]
            inner = part.space.offsets[place[mine]] + local[mine]
            order = np.argsort(inner, kind="stable")
            kinds = None if chosen is None else chosen[order]
            decoded = part.residual(FaultPattern(pattern.fault, inner[order], kinds))
            found.append(decoded)
            left.append(self._outer(index, decoded.pattern.sites))
        sites = np.sort(np.concatenate(left)) if left else np.zeros(0, np.int64)
        return Residual(
            FaultPattern(FLIP, sites),
            sum(decoded.corrections for decoded in found),
            sum(decoded.detections for decoded in found),
            any(decoded.announced for decoded in found),
        )

    def _outer(self, index: int, sites: SiteIndex) -> SiteIndex:
        """Sites of ``data`` of those of the data of one memory."""
        part = self.parts[index]
        places = part.data.offsets.searchsorted(sites, side="right") - 1
        own = np.array(self.members[index], np.int64)
        return np.asarray(self.data.offsets[own[places]] + sites - part.data.offsets[places])

    @property
    def rounding(self) -> tuple[int, ...]:
        """Numbers of the memories whose encoding does not keep every stored value."""
        return tuple(
            number
            for number, part in enumerate(self.parts)
            if any(isinstance(tensor.codec, InPlaceCodec) for tensor in part.data.tensors)
        )

    @property
    def protected_bits(self) -> int:
        """Number of data bits that are protected."""
        return sum(part.protected_bits for part in self.parts)

    @cached_property
    def covered(self) -> Bools:
        """Sites of which one upset alone does little; see `ProtectedMemory.covered`."""
        widest = int(self.space.widths.max(initial=1))
        found = np.zeros((len(self.space.tensors), widest), np.bool_)
        for own, part in zip(self.tensors_of, self.parts, strict=True):
            found[list(own), : part.covered.shape[1]] = part.covered
        return found


@dataclass(frozen=True)
class RegionProtection:
    """A protection of each region of a memory.

    Attributes:
        names: Of the regions.
        tensors: Of each region, the names of its tensors.
        rules: The protection of each.
    """

    names: tuple[str, ...]
    tensors: tuple[frozenset[str], ...]
    rules: tuple[Protection, ...]

    @property
    def name(self) -> str:
        """Every region with its rules; ``none`` where nothing is protected."""
        if all(rule.name == NONE.name for rule in self.rules):
            return NONE.name
        pairs = zip(self.names, self.rules, strict=True)
        return "; ".join(f"{name}: {rule.name}" for name, rule in pairs)

    @property
    def about(self) -> str:
        """A sentence for each region."""
        pairs = zip(self.names, self.rules, strict=True)
        return " ".join(f"{name}: {rule.about}" for name, rule in pairs)

    def protect(self, data: FaultSpace, values: Mapping[str, Values]) -> JoinedMemory:
        """The memories of one model; see `Protection.protect`.

        Args:
            data: the bits at risk.
            values: values of the stored tensors, by name.

        Raises:
            BadTarget: a rule takes no bit of its region, or bits that its scheme cannot protect.
        """
        parts, members, held = [], [], list(data.tensors)
        for region, names, rule in zip(self.names, self.tensors, self.rules, strict=True):
            own = tuple(i for i, tensor in enumerate(data.tensors) if tensor.name in names)
            inside = FaultSpace(tuple(data.tensors[i] for i in own))
            part = _protect(region, rule, inside, values)
            for index, tensor in zip(own, part.data.tensors, strict=True):
                held[index] = tensor
            parts.append(part)
            members.append(own)
        joined = replace(data, tensors=tuple(held))
        return JoinedMemory(joined, tuple(parts), tuple(members))

    def examples(self) -> Sequence[ProtectionExample]:
        """Those of its rules."""
        return [example for rule in self.rules for example in rule.examples()]


def _protect(
    region: str, rule: Protection, inside: FaultSpace, values: Mapping[str, Values]
) -> ProtectedMemory:
    """The memory of one region.

    Raises:
        BadTarget: its rule takes no bit, or bits that its scheme cannot protect.
    """
    try:
        return (UNPROTECTED if rule.name == NONE.name else rule).protect(inside, values)
    except BadOption as error:
        reason = str(error).removeprefix("--protect: ")
        raise BadTarget(f"the protection of the region {region!r}: {reason}") from error
