"""What a vulnerability map found in one tensor, as plain data."""

from dataclasses import dataclass

from analyzer.campaign.result import Crash, Stop
from analyzer.stats.areas import AreaEstimate, AreaStratum, untried_share


@dataclass(frozen=True, slots=True)
class StratumFound:
    """What the trials of one stratum of one tensor showed.

    Attributes:
        reach: How far its flips move values.
        positions: Its bit positions.
        sites: Its fault sites.
        seen: What all of them showed; the weight is that of the stratum in the tensor.
        first: What those showed that were planned before any was run.
        columns: The same by bit position; the weight is that of the column in the stratum.
    """

    reach: str
    positions: tuple[int, ...]
    sites: int
    seen: AreaStratum
    first: AreaStratum
    columns: tuple[AreaStratum, ...]


@dataclass(frozen=True, slots=True)
class TensorFound:
    """One tensor of the map.

    Attributes:
        tensor: Its index in the fault space.
        estimate: The harm that one upset in it does; None while more than the margin of its sites
            lies in strata of which nothing is known.
        strata: The parts that it was put together from.
        trials: Trials that were run for it.
        leveugle: Trials that Leveugle's formula asks for at the same margin.
        stop: Why it got no more.
        crashes: Upsets that killed the process that ran them.
    """

    tensor: int
    estimate: AreaEstimate | None
    strata: tuple[StratumFound, ...]
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
        """Whether every site met every image."""
        return all(s.seen.exact is not None for s in self.strata)
