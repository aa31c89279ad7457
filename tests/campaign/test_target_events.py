"""FIT of a small network: exhaustive campaigns against every event, decoded bit by bit."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.campaign.event_cells import EventCell
from analyzer.campaign.events.result import EventResult
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.gate.target import TargetFigure
from analyzer.jobs.target.measure import figures_of
from analyzer.jobs.target.prepare import PreparedTarget
from analyzer.stats.intervals import Interval
from tests.campaign.maps import IMAGES
from tests.campaign.targets import RATE, measure, prepared, region, target_of
from tests.campaign.test_protected_events import CODES, FAULTS, Enumeration

MIXTURE = "mix:flip=0.5,burst:2=0.3,word:8=0.2"


@cache
def biases(folder: Path, protect: str, fault: str) -> PreparedTarget:
    """The eight biases in one batch, one region."""
    target = target_of(region(events=fault, protection=protect))
    return prepared(folder, target, kinds="bias", batch=IMAGES)


@cache
def found(folder: Path, protect: str, fault: str) -> EventResult:
    return measure(biases(folder, protect, fault), exhaustive=True)


@cache
def truth(folder: Path, protect: str, fault: str) -> tuple[float, float]:
    """P(SDC) and P(DUE) given one event: every event of the kind, check bits included."""
    target = biases(folder, protect, fault)
    space, model = target.analysis.space, parse_fault(fault)
    every = Enumeration(target.analysis, protect)
    patterns = (FaultPattern(model, np.array([site], np.int64)) for site in range(space.bits))
    counts = [every.counts(pattern) for pattern in patterns]
    sdc, due = (sum(column) / (space.bits * IMAGES) for column in zip(*counts, strict=True))
    return sdc, due


def fit(target: PreparedTarget, result: EventResult, figure: TargetFigure) -> Interval:
    interval = figures_of(target, {}, result.figures).interval(figure)
    assert interval is not None
    return interval


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("protect", CODES)
def test_fit_is_that_of_enumeration(protect: str, fault: str, folder: Path) -> None:
    """Each kind of event through each protection, equal up to the order of additions."""
    target, result = biases(folder, protect, fault), found(folder, protect, fault)
    raw = RATE * target.analysis.space.bits / 1e6
    sdc, due = truth(folder, protect, fault)
    for figure, share in ((TargetFigure.SDC_FIT, sdc), (TargetFigure.DUE_FIT, due)):
        interval = fit(target, result, figure)
        assert interval.low == interval.estimate == interval.high
        assert interval.estimate == pytest.approx(raw * share, abs=1e-15)


@pytest.mark.parametrize("protect", ["none", "secded:8:zero", "tmr", "mset"])
def test_a_mixture_is_the_sum_of_its_kinds(protect: str, folder: Path) -> None:
    """Shares times figures that are known exactly, and so are kinds by themselves."""
    result = measure(biases(folder, protect, MIXTURE), exhaustive=True)
    figures = result.figures.regions[0]
    assert figures is not None
    parts = parse_fault(MIXTURE).parts
    truths = {str(kind): truth(folder, protect, str(kind)) for _, kind in parts}
    sdc = sum(share * truths[str(kind)][0] for share, kind in parts)
    assert figures.sdc.estimate == pytest.approx(sdc, abs=1e-15)
    for _, kind in parts:
        alone = result.of_kind(0, str(kind))
        assert alone is not None
        assert alone.sdc.estimate == pytest.approx(truths[str(kind)][0], abs=1e-15)


def two_regions(folder: Path, **fields: Any) -> PreparedTarget:
    """Each bias tensor in a memory of its own, with other rates, events and protections."""
    target = target_of(
        region("first", tensors=["conv_b"], events="burst:2", protection="secded:8:zero"),
        region("second", tensors=["fc_b"], raw_fit_per_mbit=3.0 * RATE, events="flip"),
        **fields,
    )
    return prepared(folder, target, kinds="bias", batch=IMAGES)


def test_regions_add_up(folder: Path) -> None:
    """FIT of a target is the sum over its memories, each enumerated as if it were alone."""
    target = two_regions(folder)
    result = measure(target, exhaustive=True)
    total = 0.0
    for name, rate, fault, protect in (
        ("conv_b", RATE, "burst:2", "secded:8:zero"),
        ("fc_b", 3.0 * RATE, "flip", "none"),
    ):
        one = target_of(region(tensors=[name], events=fault, protection=protect))
        alone = prepared(folder, one, include=[name], batch=IMAGES)
        every, space = Enumeration(alone.analysis, protect), alone.analysis.space
        events = (FaultPattern(parse_fault(fault), np.array([i])) for i in range(space.bits))
        sdc = sum(every.counts(event)[0] for event in events) / (space.bits * IMAGES)
        total += rate * space.bits / 1e6 * sdc
    assert total > 0.0
    interval = fit(target, result, TargetFigure.SDC_FIT)
    assert interval.estimate == pytest.approx(total, rel=1e-12)


def test_there_is_something_to_find(folder: Path) -> None:
    """Else agreement would prove little."""
    assert truth(folder, "none", "flip")[0] > 0.01
    assert truth(folder, "secded:32", "flip") == (0.0, 0.0)
    assert truth(folder, "secded:32", "burst:2")[1] > 0.9


def test_outcomes_are_all_that_can_happen(folder: Path) -> None:
    for protect in ("none", "secded:8:zero", "secded:32", "tmr"):
        figures = found(folder, protect, "burst:2").figures.regions[0]
        assert figures is not None
        parts = (figures.corrected, figures.masked, figures.due, figures.sdc)
        assert sum(part.estimate for part in parts) == pytest.approx(1.0)
    corrected = found(folder, "tmr", "flip").figures.regions[0]
    assert corrected is not None
    assert corrected.corrected.estimate == pytest.approx(1.0)
    assert corrected.masked.estimate == pytest.approx(0.0, abs=1e-15)


def test_strata_partition_the_events_of_each_region(folder: Path) -> None:
    """Every bit once for each kind, and shares that sum to 1."""
    target = prepared(folder, target_of(region(events=MIXTURE, protection="secded:8")))
    events, space = target.analysis.context.patterns.events, target.analysis.space
    assert events is not None
    assert sum(s.share for s in events.strata) == pytest.approx(1.0)
    for fault in {s.fault for s in events.strata}:
        own = [s for s in events.strata if s.fault == fault]
        sites = [s.site(space, number) for s in own for number in range(s.sites)]
        assert sorted(sites) == list(range(space.bits))


def test_a_trial_is_one_event_of_its_stratum(folder: Path) -> None:
    """A pure function of plan, cell and index, whoever draws it."""
    context = two_regions(folder).analysis.context
    events = context.patterns.events
    assert events is not None
    for number, stratum in enumerate(events.strata):
        cell = EventCell(number)
        for index in range(20):
            batches, pattern = cell.draw(context.patterns, context.golden.ends, index)
            again = cell.draw(context.patterns, context.golden.ends, index)
            assert pattern.sites.tolist() == again.pattern.sites.tolist()
            assert (len(batches), len(pattern), pattern.fault) == (1, 1, stratum.fault)
            tensor, _, bit = context.space.locate(int(pattern.sites[0]))
            columns = zip(stratum.tensors.tolist(), stratum.positions.tolist(), strict=True)
            assert (tensor, bit) in set(columns)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("targets")
