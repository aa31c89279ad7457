"""A memory under rules: its check bits, and how upsets in it are decoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analyzer.faults.bitmap import Bools
from analyzer.faults.kinds import INVERT
from analyzer.faults.models import FLIP, FaultPattern, SiteIndex
from analyzer.faults.protections.contents import Contents
from analyzer.faults.protections.protection import Residual
from analyzer.faults.protections.scheme import NO_SITES, Decoded, Guard
from analyzer.faults.space import FaultSpace, Indices

UNPROTECTED = -1
"""Owner of the bits that no rule protects."""


@dataclass(frozen=True)
class GuardedMemory:
    """The tensors of one model, some of their bits guarded.

    Attributes:
        contents: What the data bits hold without faults.
        guards: Schemes at work.
        owners: int64 (tensors, widest), the guard of each bit position, or `UNPROTECTED`.
        mild: bool (tensors, widest), where one upset alone does little.
    """

    contents: Contents
    guards: tuple[Guard, ...]
    owners: Indices
    mild: Bools

    @property
    def data(self) -> FaultSpace:
        """The bits that readers meet."""
        return self.contents.data

    @cached_property
    def space(self) -> FaultSpace:
        """The data, then the check bits of each guard."""
        checks = (tensor for guard in self.guards for tensor in guard.checks)
        return FaultSpace((*self.data.tensors, *checks))

    @cached_property
    def _ends(self) -> Indices:
        """First check bit of each guard, and one past the last: int64 (guards + 1,)."""
        sizes = (sum(tensor.bits for tensor in guard.checks) for guard in self.guards)
        return np.cumsum([self.data.bits, *sizes], dtype=np.int64)

    @cached_property
    def covered(self) -> Bools:
        """As `mild`, and every check bit; see `ProtectedMemory.covered`."""
        shape = len(self.space.tensors), int(self.space.widths.max(initial=1))
        found = np.ones(shape, np.bool_)
        found[: len(self.mild)] = False
        found[: len(self.mild), : self.mild.shape[1]] = self.mild
        return found

    @property
    def protected_bits(self) -> int:
        """Number of data bits that a rule protects."""
        counts = np.count_nonzero(self.owners != UNPROTECTED, axis=1)
        return sum(
            t.elements * int(count) for t, count in zip(self.data.tensors, counts, strict=True)
        )

    def residual(self, pattern: FaultPattern) -> Residual:
        """Decode the memory; see `ProtectedMemory.residual`."""
        flips = self._flips(pattern)
        bounds = flips.searchsorted(self._ends)
        data = flips[: bounds[0]]
        owners = self._owners_of(data)
        left, found = [data[owners == UNPROTECTED]], []
        for number, guard in enumerate(self.guards):
            checks = flips[bounds[number] : bounds[number + 1]] - self._ends[number]
            mine = data[owners == number]
            if len(mine) or len(checks):
                found.append(guard.decode(mine, checks))
        left += [decoded.sites for decoded in found]
        return _residual(np.sort(np.concatenate(left)), found)

    def _owners_of(self, sites: SiteIndex) -> Indices:
        """The guard of each data bit."""
        tensors = self.data.offsets.searchsorted(sites, side="right") - 1
        bits = (sites - self.data.offsets[tensors]) % self.data.widths[tensors]
        return np.asarray(self.owners[tensors, bits])

    def _flips(self, pattern: FaultPattern) -> SiteIndex:
        """The bits that hold the other value than the one that was written, ascending."""
        becomes = pattern.fault.kind.becomes
        if pattern.fault.footprint.alone and becomes == INVERT:
            return pattern.sites
        tensors, local = self.space.bits_hit(pattern)
        sites, counts = np.unique(self.space.offsets[tensors] + local, return_counts=True)
        if becomes == INVERT:
            return np.asarray(sites[counts % 2 == 1])
        ones = self._ones(sites)
        return np.asarray(sites[np.where(ones, becomes.one == 0, becomes.zero == 1)])

    def _ones(self, sites: SiteIndex) -> Bools:
        """True for bits that hold a 1 without faults; sites ascending."""
        bounds = sites.searchsorted(self._ends)
        data = sites[: bounds[0]]
        owners = self._owners_of(data)
        found = np.zeros(len(sites), np.bool_)
        plain = np.flatnonzero(owners == UNPROTECTED)
        found[plain] = self.contents.ones(data[plain])
        for number, guard in enumerate(self.guards):
            mine = np.flatnonzero(owners == number)
            found[mine] = guard.data_ones(data[mine])
            checks = slice(bounds[number], bounds[number + 1])
            found[checks] = guard.check_ones(sites[checks] - self._ends[number])
        return found


def _residual(sites: SiteIndex, found: Sequence[Decoded]) -> Residual:
    return Residual(
        FaultPattern(FLIP, sites if len(sites) else NO_SITES),
        sum(decoded.corrections for decoded in found),
        sum(decoded.detections for decoded in found),
        any(decoded.announced for decoded in found),
    )
