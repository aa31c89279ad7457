"""The result of a vulnerability map for one tensor, as plain data."""

from dataclasses import dataclass

from analyzer.campaign.result import Crash, Stop
from analyzer.stats.areas import AreaEstimate, AreaStratum, untried_share


@dataclass(frozen=True, slots=True)
class SiteStratumResult:
    """Outcomes of the trials of one stratum of one tensor.

    Attributes:
        reach: Size of the move of a value by an upset, e.g. ``severe``.
        positions: Bit positions.
        sites: Number of fault sites.
        seen: All trials; the weight is that of the stratum in the tensor.
        first: The trials that were planned before any was run; the same weight.
        columns: The first trials by bit position; the weight is that of the column in the stratum.
    """

    reach: str
    positions: tuple[int, ...]
    sites: int
    seen: AreaStratum
    first: AreaStratum
    columns: tuple[AreaStratum, ...]


@dataclass(frozen=True, slots=True)
class TensorResult:
    """One tensor of the map.

    Attributes:
        tensor: Index of the tensor in the fault space.
        estimate: Effect of one upset in the tensor; None while more than the margin of its sites
            lies in strata of which nothing is known.
        strata: The strata behind the estimate.
        trials: Number of trials.
        leveugle: Trials that Leveugle's formula asks for at the same margin.
        stop: Why the tensor got no more trials.
        crashes: Upsets that killed the process that ran them.
    """

    tensor: int
    estimate: AreaEstimate | None
    strata: tuple[SiteStratumResult, ...]
    trials: int
    leveugle: int
    stop: Stop
    crashes: tuple[Crash, ...]

    @property
    def untried(self) -> float:
        """Share of its sites of which nothing is known."""
        return untried_share([s.seen for s in self.strata])

    @property
    def exhaustive(self) -> bool:
        """True if every site met every image."""
        return all(s.seen.exact is not None for s in self.strata)
