"""Runs the trials of a plan until every rate is precise enough, or the budget is spent."""

from dataclasses import dataclass, field
from typing import Protocol

from analyzer.campaign.plan import Exposure
from analyzer.campaign.result import CampaignResult, RateResult, Stop
from analyzer.campaign.trials import Bench
from analyzer.stats.estimate import RateEstimate, estimate, half_width, next_look
from analyzer.stats.tally import Tally


class Observer(Protocol):
    """Told how a campaign proceeds."""

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate) -> None:
        """``trials`` of ``rate`` are done, about ``share`` (0..1) of what it needs."""


class Budget(Protocol):
    """Says when to stop early."""

    def spent(self) -> Stop | None:
        """Why to stop now; None to go on."""


@dataclass
class _Rate:
    """The running state of one rate."""

    rate: float
    tally: Tally
    estimate: RateEstimate
    devices: list[float] = field(default_factory=list)
    stop: Stop | None = None


def run_campaign(bench: Bench, budget: Budget, observer: Observer) -> CampaignResult:
    """Run a campaign.

    Rates take turns, each up to its next look: a fixed, growing series of trial counts at which
    precision is judged, so that the trials done depend on the plan alone unless the budget ends
    them.

    Raises:
        NotRestored: a weight was not golden after a trial.
    """
    states = [_start(bench, rate) for rate in bench.plan.rates]
    while any(s.stop is None for s in states):
        for state in states:
            if state.stop is None:
                _advance(bench, state, budget, observer)
        bench.executor.check_golden()
    results = tuple(_finished(bench, s) for s in states)
    reloads = int(getattr(bench.executor, "reloads", 0))
    return CampaignResult(bench.plan, bench.golden_metric, results, reloads)


def _start(bench: Bench, rate: float) -> _Rate:
    tally = Tally.empty(bench.unit)
    return _Rate(rate, tally, _estimate(bench, rate, tally))


def _estimate(bench: Bench, rate: float, tally: Tally) -> RateEstimate:
    p_faulty = bench.law(rate).p_any
    return estimate(tally, bench.golden_metric, p_faulty, bench.plan.confidence)


def _advance(bench: Bench, state: _Rate, budget: Budget, observer: Observer) -> None:
    """Run ``state`` up to its next look and judge it there."""
    target = next_look(state.tally.trials)
    for outcomes in bench.trials(state.rate, state.tally.trials, target):
        state.tally += bench.tally(outcomes)
        if bench.plan.exposure is Exposure.RESIDENT:
            change = (outcomes.gained - outcomes.lost) / outcomes.images
            state.devices.append(bench.golden_metric + change)
        state.stop = budget.spent()
        if state.stop is not None:
            break
        if state.tally.trials % 64 == 0:
            _report(bench, state, observer)
    _report(bench, state, observer)
    if half_width(state.estimate) <= bench.plan.precision and state.tally.trials == target:
        state.stop = Stop.PRECISION


def _report(bench: Bench, state: _Rate, observer: Observer) -> None:
    state.estimate = _estimate(bench, state.rate, state.tally)
    width = half_width(state.estimate)
    share = min(1.0, (bench.plan.precision / width) ** 2) if width else 1.0
    observer.progress(state.rate, state.tally.trials, share, state.estimate)


def _finished(bench: Bench, state: _Rate) -> RateResult:
    law = bench.law(state.rate)
    return RateResult(
        state.rate,
        law.expected,
        law.p_any,
        state.tally,
        state.estimate,
        state.stop or Stop.BUDGET,
        tuple(state.devices),
    )
