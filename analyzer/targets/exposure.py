"""Events that a region of a memory meets, from its raw rate, its bits and its windows."""

from dataclasses import dataclass

from analyzer.targets.arithmetic import (
    BitErrorRates,
    bit_error_rates,
    events_per_bit_hour,
    neglected_share,
    one_event_serves,
    raw_fit,
)
from analyzer.targets.target import DeploymentTarget, Region


@dataclass(frozen=True, slots=True)
class RegionExposure:
    """A region, and how often it is hit.

    Attributes:
        region: The region.
        bits: At risk, check bits included.
        flux_factor: Of the environment.
        window_hours: Between two refreshes.
    """

    region: Region
    bits: int
    flux_factor: float
    window_hours: float

    @property
    def is_rated(self) -> bool:
        """True if the raw rate is known."""
        return self.region.raw_fit_per_mbit is not None

    @property
    def raw_fit(self) -> float:
        """FIT of all events; 0 without a rate."""
        return raw_fit(self._rate, self.bits, self.flux_factor)

    @property
    def per_bit_hour(self) -> float:
        """Events per bit and hour; 0 without a rate."""
        return events_per_bit_hour(self._rate, self.flux_factor)

    @property
    def events_per_hour(self) -> float:
        """Events per hour in the whole region; 0 without a rate."""
        return self.per_bit_hour * self.bits

    @property
    def events_per_window(self) -> float:
        """Mean number of events between two refreshes."""
        return self.events_per_hour * self.window_hours

    @property
    def neglected(self) -> float:
        """Of the windows with an event, the share that holds several."""
        return neglected_share(self.events_per_hour, self.window_hours)

    @property
    def one_event(self) -> bool:
        """True if figures of single events serve; also without a rate, of which nothing follows."""
        return one_event_serves(self.events_per_hour, self.window_hours)

    @property
    def rates(self) -> BitErrorRates:
        """Bit error rates at a moment drawn from a window, and at its end."""
        return bit_error_rates(self.per_bit_hour, self.window_hours)

    @property
    def hit_share(self) -> float:
        """Share of the time in which the region holds at least one event."""
        return bit_error_rates(self.events_per_hour, self.window_hours).mean

    @property
    def _rate(self) -> float:
        return self.region.raw_fit_per_mbit or 0.0


def exposure_of(target: DeploymentTarget, region: Region, bits: int) -> RegionExposure:
    """The exposure of one region.

    Args:
        target: gives the environment and the use.
        region: one of its regions.
        bits: at risk in it, check bits included.
    """
    flux, window = target.environment.flux_factor, target.window_hours(region)
    return RegionExposure(region, bits, flux, window)
