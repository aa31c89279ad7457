"""Figures of a target from outcomes given one event, at the edges of what can be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.events.result import EventFigures, EventResult
from analyzer.campaign.result import Stop
from analyzer.gate.target import TargetFigure
from analyzer.gate.target_figures import SweptFigures, TargetFigures
from analyzer.reports.target.totals import total_part
from analyzer.stats.events import EventOutcomes
from analyzer.stats.intervals import Interval
from analyzer.targets.exposure import RegionExposure, exposure_of
from analyzer.targets.target import DeploymentTarget
from tests.campaign.targets import region, target_of

SHARES = st.floats(0.0, 1.0)
INTERVALS = st.lists(SHARES, min_size=3, max_size=3).map(
    lambda ends: Interval(*(sorted(ends)[i] for i in (1, 0, 2)))
)


def exposures(target: DeploymentTarget, bits: int = 10**7) -> list[RegionExposure]:
    return [exposure_of(target, one, bits) for one in target.region]


def two(**fields: Any) -> DeploymentTarget:
    return target_of(region("a"), region("b", **fields))


def outcomes(**shares: Interval) -> EventOutcomes:
    nothing = Interval(0.0, 0.0, 0.0)
    names = ("corrected", "masked", "due", "sdc", "detected", "loss")
    return EventOutcomes(**{**dict.fromkeys(names, nothing), **shares})


def swept(metric: Interval) -> SweptFigures:
    return SweptFigures(metric, Interval(0.5, 0.4, 0.6), Interval(0.0, 0.0, 0.1))


def test_regions_that_lose_more_together_than_there_is_leave_nothing() -> None:
    low = swept(Interval(0.1, 0.05, 0.15))
    figures = TargetFigures(exposures(two()), 0.9, None, {0: low, 1: low})
    assert figures.interval(TargetFigure.METRIC_MEAN) == Interval(0.0, 0.0, 0.0)


@given(INTERVALS, INTERVALS, INTERVALS, SHARES, st.floats(0.1, 10.0))
def test_a_mean_score_is_a_score(
    one: Interval, other: Interval, loss: Interval, golden: float, factor: float
) -> None:
    target = target_of(region("a"), region("b"), region("c", raw_fit_per_mbit=1e9))
    events = EventFigures({2: outcomes(loss=loss)}, None, 0.95)
    figures = TargetFigures(exposures(target), golden, events, {0: swept(one), 1: swept(other)})
    found = figures.interval(TargetFigure.METRIC_MEAN, factor)
    assert found is not None
    assert 0.0 <= found.low <= found.estimate <= found.high <= 1.0


def test_neglected_windows_grow_with_the_raw_rate() -> None:
    """Three times the events per window: about nine times as many hold two."""
    (exposure,) = exposures(target_of(region()))
    found = EventFigures({0: outcomes()}, None, 0.95)
    figures = TargetFigures([exposure], 1.0, found, {})
    missing = []
    for factor in (1.0, 3.0):
        mean = figures.interval(TargetFigure.METRIC_MEAN, factor)
        assert mean is not None
        missing.append(mean.estimate - mean.low)
    assert missing[0] == pytest.approx(exposure.hit_share * exposure.neglected)
    assert missing[1] / missing[0] == pytest.approx(9.0, rel=0.01)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_small_protected_region_without_figures_bounds_the_total(rate: float) -> None:
    target = two(protection="secded:64", raw_fit_per_mbit=rate)
    both, one = exposures(target), outcomes(masked=Interval(1.0, 0.9, 1.0))
    found = EventFigures({0: one, 1: None}, one, 0.95)
    figures = TargetFigures(both, 1.0, found, {})
    part = total_part(figures, EventResult(found, (), 1, Stop.BUDGET), target)
    assert part.fit is not None
    raw = both[1].raw_fit
    for amount in (part.fit.corrected, part.fit.detected):
        assert (amount.low, amount.high) == (0.0, raw)


def test_critical_corruption_of_a_swept_region_counts_windows() -> None:
    critical = Interval(0.2, 0.1, 0.3)
    known = SweptFigures(None, None, None, critical)
    (exposure,) = exposures(target_of(region()))
    found = TargetFigures([exposure], 1.0, None, {0: known}).interval(TargetFigure.CRITICAL_FIT)
    assert found is not None
    windows = 1e9 / exposure.window_hours
    assert found.high == pytest.approx(0.3 * windows)
