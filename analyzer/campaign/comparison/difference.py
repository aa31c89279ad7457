"""Several campaigns compared: what each model shows, and how it differs from the first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from analyzer.campaign.blocks import BLOCK_TRIALS, BlockResult
from analyzer.campaign.cells import Cell
from analyzer.campaign.comparison.caching_store import CachingStore
from analyzer.campaign.result import CampaignResult, RateResult, Stop, ended_early
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.metrics import metric_named
from analyzer.evaluation.outcomes import Outcomes
from analyzer.faults.pairing import OWN, Correspondence
from analyzer.stats.area import area
from analyzer.stats.estimate import RateEstimate
from analyzer.stats.intervals import Interval
from analyzer.stats.paired import (
    Difference,
    PairedStratum,
    are_compared,
    longest_arm,
    paired_difference,
    unpaired_difference,
)
from analyzer.stats.paired_tally import Counts, PairedTally
from analyzer.stats.spending import confidence_at
from analyzer.stats.strata import Stratum, estimate_strata, is_measured
from analyzer.stats.tally import Tally


@dataclass
class ComparedModel:
    """One model of a comparison, and what is known of it.

    Attributes:
        context: Its campaign.
        matched: Which of its bits are the reference's; None for the reference itself.
        store: Its finished blocks.
        result: What its own campaign found, once it is run.
        blocks: How many blocks of each cell count; more than its campaign needed where the
            difference needs them.
        looks: Number of the look at rates that end once a gate is decided, which share the error.
        ended: Why those rates got no more trials.
    """

    context: TrialContext
    matched: Correspondence | None = None
    store: CachingStore = field(default_factory=CachingStore)
    result: CampaignResult | None = None
    blocks: dict[Cell, int] = field(default_factory=dict)
    looks: dict[float, int] = field(default_factory=dict)
    ended: dict[float, Stop] = field(default_factory=dict)

    def confidence(self, rate: float) -> float:
        """Coverage of intervals at one rate: that of the plan, or of its look."""
        wanted = self.context.plan.confidence
        return confidence_at(self.looks[rate], wanted) if rate in self.looks else wanted

    @property
    def paired(self) -> bool:
        """True if its patterns follow those of the reference."""
        return self.context.patterns.pairing is not None

    @property
    def found(self) -> CampaignResult:
        """The result of its own campaign."""
        assert self.result is not None, "its campaign has not been run"
        return self.result

    @property
    def cut_short(self) -> frozenset[Stop]:
        """The reasons that ended rates before they were precise, or decided."""
        return ended_early(self.ended.get(r.rate, r.stop) for r in self.found.rates)

    def finish(self, result: CampaignResult) -> None:
        """Take in what its own campaign found."""
        self.result = result
        for rate in result.rates:
            for index, stratum in enumerate(rate.strata):
                count = stratum.tally.trials // BLOCK_TRIALS
                self.blocks[Cell(rate.rate, index)] = count

    def count(self, wanted: Mapping[Cell, int]) -> None:
        """Count the blocks that have been added since, as far as they go without a gap."""
        for cell, count in wanted.items():
            self.blocks[cell] = len(self.store.first(cell, max(count, self.blocks[cell])))

    def used(self, cell: Cell) -> list[BlockResult]:
        """The blocks of a cell that count."""
        return self.store.first(cell, self.blocks[cell])

    def cells(self, rate: float) -> list[Cell]:
        """The cells of one rate."""
        return [Cell(rate, index) for index in range(len(self.context.patterns.split(rate).strata))]

    def parts(self, rate: float) -> list[Stratum]:
        """The strata of one rate, with the trials that count."""
        law, cells = self.context.patterns.split(rate), self.cells(rate)
        return [Stratum(s.weight, self.tally(c)) for s, c in zip(law.strata, cells, strict=True)]

    def tally(self, cell: Cell) -> Tally:
        """The tally of the blocks of a cell that count."""
        return self.context.tally(o for result in self.used(cell) for o in result.outcomes)

    def trials(self, rate: float) -> int:
        """Trials at one rate that count."""
        return BLOCK_TRIALS * sum(self.blocks[cell] for cell in self.cells(rate))

    def estimate(self, rate: float) -> RateEstimate | None:
        """Its own figures at one rate, from every block that counts; None without enough trials."""
        parts = self.parts(rate)
        if not is_measured(parts, self.context.plan.precision):
            return None
        golden, harmless = self.context.golden.metric, self.context.patterns.split(rate).p_none
        return estimate_strata(parts, golden, self.confidence(rate), harmless)


@dataclass(frozen=True, slots=True)
class RateDifference:
    """The differences between a model and the reference at one rate.

    Attributes:
        difference: Model minus reference; None without an estimate of either.
        trials: Trials that both ran; 0 where they share no patterns.
        reached: Whether it is known to the plan's precision, or decides what was asked.
        gain: Share by which the longest of its arms is shorter than in campaigns that share
            nothing; None where they do share nothing, or without a difference.
    """

    difference: Difference | None
    trials: int
    reached: bool
    gain: float | None = None


def difference_at(rate: float, reference: ComparedModel, variant: ComparedModel) -> RateDifference:
    """The differences between two models at one rate, as far as both have been run.

    Args:
        rate: a rate of the plan.
        reference: the model that the other is compared with.
        variant: the other one.
    """
    plan = reference.context.plan
    alone = _independent(rate, reference, variant)
    found, trials = alone, 0
    if variant.paired:
        strata = _paired_strata(rate, reference, variant)
        trials = sum(s.shared.trials for s in strata)
        found = _paired(strata, reference, variant, variant.confidence(rate))
    if found is None or alone is None:
        return RateDifference(None, trials, False)
    judged = metric_named(plan.metric).needs_labels
    arms = [longest_arm(d, metric=judged) for d in (found, alone)]
    gain = 1.0 - arms[0] / arms[1] if variant.paired and arms[1] else None
    decided = variant.ended.get(rate) is Stop.DECIDED
    return RateDifference(found, trials, decided or arms[0] <= plan.precision, gain)


def _independent(
    rate: float, reference: ComparedModel, variant: ComparedModel
) -> Difference | None:
    """The difference of two campaigns that share nothing."""
    a, b = reference.estimate(rate), variant.estimate(rate)
    if a is None or b is None:
        return None
    return Difference(
        metric=unpaired_difference(a.metric, b.metric),
        sdc=unpaired_difference(a.sdc, b.sdc),
        due=unpaired_difference(a.due, b.due),
    )


def _paired(
    strata: Sequence[PairedStratum],
    reference: ComparedModel,
    variant: ComparedModel,
    confidence: float,
) -> Difference | None:
    """The difference over the trials that both ran."""
    plan, golden = reference.context.plan, [m.context.golden.metric for m in (reference, variant)]
    if not are_compared(strata, plan.precision):
        return None
    return paired_difference(
        strata, (golden[0], golden[1]), confidence, alike=_alike(reference, variant)
    )


def _alike(reference: ComparedModel, variant: ComparedModel) -> bool:
    """Without faults, both have the same score on every image."""
    both = zip(reference.context.golden.by_batch, variant.context.golden.by_batch, strict=True)
    return all(np.array_equal(a.scores, b.scores) for a, b in both)


def _paired_strata(
    rate: float, reference: ComparedModel, variant: ComparedModel
) -> list[PairedStratum]:
    """The outcomes of both models, stratum by stratum."""
    denominator = variant.context.golden.judge.metric.denominator
    strata, unit = variant.context.patterns.split(rate).strata, variant.context.unit
    found = []
    for stratum, cell in zip(strata, variant.cells(rate), strict=True):
        second = _outcomes(variant, cell)
        if stratum.name == OWN:  # the reference is not hit: nothing happens to it
            alone = PairedTally.of_trials(unit, [], denominator)
            part = PairedStratum(stratum.weight, None, variant.tally(cell), alone)
        else:
            pairs = zip(_outcomes(reference, cell), second, strict=False)  # as many as both have
            shared = PairedTally.of_trials(unit, pairs, denominator)
            both = reference.tally(cell), variant.tally(cell)
            part = PairedStratum(stratum.weight, *both, shared)
        found.append(part)
    return found


def _outcomes(compared: ComparedModel, cell: Cell) -> list[Counts]:
    return [_counts(o) for result in compared.used(cell) for o in result.outcomes]


def _counts(o: Outcomes) -> Counts:
    return o.images, o.sdc, o.due, o.masked, o.lost, o.gained, o.right


@dataclass(frozen=True, slots=True)
class ModelFindings:
    """One model of a finished comparison.

    Attributes:
        estimates: Its figures at each rate of the plan, None where there are none.
        trials: The trials behind them.
        stops: Why each rate got no more.
        area: Area under metric over the logarithm of the rate; see `stats.area`. None where a rate
            has no estimate.
        differences: Against the reference at each rate; empty for the reference itself.
        area_difference: The same of the area; None for the reference itself, and where a rate has
            no difference.
    """

    estimates: tuple[RateEstimate | None, ...]
    trials: tuple[int, ...]
    stops: tuple[Stop, ...]
    area: Interval | None
    differences: tuple[RateDifference, ...] = ()
    area_difference: Interval | None = None


def compare(compared_models: Sequence[ComparedModel]) -> list[ModelFindings]:
    """Put every model beside the first one."""
    return [_compared(compared_models[0], compared) for compared in compared_models]


def _compared(reference: ComparedModel, compared: ComparedModel) -> ModelFindings:
    rates = reference.context.plan.rates
    estimates = tuple(compared.estimate(rate) for rate in rates)
    results: tuple[RateResult, ...] = compared.found.rates
    trials = tuple(compared.trials(rate) for rate in rates)
    differences: tuple[RateDifference, ...] = ()
    if compared is not reference:
        differences = tuple(difference_at(rate, reference, compared) for rate in rates)
    changes = [d.difference.metric if d.difference else None for d in differences]
    return ModelFindings(
        estimates=estimates,
        trials=trials,
        stops=tuple(compared.ended.get(r.rate, r.stop) for r in results),
        area=area([e.metric if e else None for e in estimates], rates),
        differences=differences,
        area_difference=area(changes, rates) if changes else None,
    )
