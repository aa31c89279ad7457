"""The result of a campaign, as plain numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from analyzer.campaign.class_shares import ClassShares
from analyzer.campaign.pixel_shares import PixelShares
from analyzer.campaign.plan import Plan
from analyzer.evaluation.outcomes import Outcomes
from analyzer.stats.estimate import RateEstimate
from analyzer.stats.memory import MemoryEstimate
from analyzer.stats.tally import Tally


class Stop(StrEnum):
    """The reason why a rate got no more trials."""

    PRECISION = "precision"
    DECIDED = "decided"
    BUDGET = "budget"
    INTERRUPTED = "interrupted"


def ended_early(stops: Iterable[str | None]) -> frozenset[Stop]:
    """Of the reasons why parts ended, those that cut work short; empty: the work is complete.

    Args:
        stops: of the parts, as results or reports have them; None: nothing ended the part.

    >>> sorted(ended_early(["precision", Stop.BUDGET, None]))
    [<Stop.BUDGET: 'budget'>]
    """
    known = frozenset(Stop(stop) for stop in stops if stop is not None)
    return known & {Stop.BUDGET, Stop.INTERRUPTED}


@dataclass(frozen=True, slots=True)
class Upset:
    """One fault site, named."""

    tensor: str
    element: int
    bit: int


@dataclass(frozen=True, slots=True)
class Crash:
    """A pattern that killed the process that ran it, twice. It counts as DUE on every image."""

    stratum: str
    trial: int
    upsets: tuple[Upset, ...]


@dataclass(frozen=True, slots=True)
class WorstTrial:
    """One trial that did much harm.

    Attributes:
        rate: Bit error rate.
        place: Index of the stratum among those of the rate.
        stratum: Name of the stratum.
        index: Of the trial in the stratum.
        outcomes: What it showed.
    """

    rate: float
    place: int
    stratum: str
    index: int
    outcomes: Outcomes

    @property
    def order(self) -> tuple[float, ...]:
        """A key by which the worst comes first.

        By harm; of equals the lowest rate, whose patterns have the fewest upsets.
        """
        return (*harm_order(self.outcomes), self.rate, self.place, self.index)


def harm_order(outcomes: Outcomes) -> tuple[float, ...]:
    """A key by which the trial that did most harm comes first.

    By the share of images with critical SDC, with SDC, by the score that was lost, by DUE.
    """
    images = outcomes.images
    lost = (outcomes.gained - outcomes.lost) / (images * outcomes.denominator)
    shares = (outcomes.critical, outcomes.sdc, outcomes.due)
    critical, sdc, due = (-struck / images for struck in shares)
    return (critical, sdc, lost, due)


@dataclass(frozen=True, slots=True)
class StratumResult:
    """The contribution of one stratum.

    Attributes:
        name: Its number of rising upsets: ``0``, ``1``, ``other``; ``falling``: none rises, some
            fall; ``any`` without strata.
        weight: Probability of its patterns.
        tally: What its trials showed.
    """

    name: str
    weight: float
    tally: Tally


@dataclass(frozen=True, slots=True)
class RateResult:
    """One rate of the sweep.

    Attributes:
        rate: Bit error rate.
        expected_flips: Mean number of upsets per pattern, the patterns without any included.
        p_faulty: Probability that a pattern has at least one upset.
        tally: What all trials together showed; every trial has at least one upset. Its means are
            not those of the estimate, which weighs the strata.
        estimate: Metric, SDC, DUE and masked with intervals, all patterns included; None while
            strata without a trial weigh more than the precision, or without any trial.
        stop: Why there are no more trials.
        devices: Resident exposure: the metric under each pattern, in trial order; else empty.
        crashes: Patterns that killed the process that ran them.
        strata: What each stratum contributed.
        memory: What the protection of the memory did; None: there is none.
        worst: The worst trials, the worst one first.
        classes: Silent corruption by class; None: decisions are no classes, or nothing is measured.
        pixels: Harm to single pixels; None: decisions are no classes of pixels, or nothing is
            measured.
    """

    rate: float
    expected_flips: float
    p_faulty: float
    tally: Tally
    estimate: RateEstimate | None
    stop: Stop
    devices: tuple[float, ...] = ()
    crashes: tuple[Crash, ...] = ()
    strata: tuple[StratumResult, ...] = ()
    memory: MemoryEstimate | None = None
    worst: tuple[WorstTrial, ...] = ()
    classes: ClassShares | None = None
    pixels: PixelShares | None = None


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """One finished campaign.

    Attributes:
        plan: What was to be done.
        golden: The metric of the fault-free run, exactly, on all images.
        rates: One entry per rate of the plan.
    """

    plan: Plan
    golden: float
    rates: tuple[RateResult, ...]

    @property
    def complete(self) -> bool:
        """True if every rate reached the precision that was asked for, or was decided."""
        return not self.cut_short

    @property
    def cut_short(self) -> frozenset[Stop]:
        """The reasons that ended rates before; empty if all are complete."""
        return ended_early(r.stop for r in self.rates)

    def at(self, rate: float) -> RateResult:
        """The entry of one rate; KeyError if it is not in the sweep."""
        for entry in self.rates:
            if entry.rate == rate:
                return entry
        raise KeyError(rate)
