"""Single events taken apart: by tensor, bit position and class, against every event there is."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from analyzer.answers import Failure
from analyzer.campaign.events.breakdown import EventBreakdown, broken_down
from analyzer.campaign.events.parts import MemoryPart
from analyzer.campaign.events.run import run_events
from analyzer.campaign.events.task import EventTask
from analyzer.faults.bit_positions import BitPosition
from analyzer.faults.elements import ELEMENT_TYPES, from_codes
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.jobs.target.prepare import PreparedTarget
from analyzer.model.stored_at import set_raw
from analyzer.runtime.ort.session import open_session, run_session, session_options
from analyzer.stats.intervals import Interval
from tests.campaign.contexts import Charges, Memory, with_plan
from tests.campaign.maps import IMAGES, Direct
from tests.campaign.targets import answered_at_once, ignore, prepared, region, target_of
from tests.campaign.test_protected_events import FAULTS, Enumeration

MIXTURE = "mix:flip=0.5,burst:2=0.3,word:8=0.2"
PROTECTED = ("none", "secded:8:zero", "parity:8", "mset")

Marks = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]
Pairs = list[tuple[float, Interval]]


class ByImage(Enumeration):
    """Every event, with the outcome of each image; nothing of what is tested runs here."""

    def outcomes(self, pattern: FaultPattern) -> Marks:
        """int8 (images,): 0 masked, 1 SDC, 2 DUE."""
        found = self.outcome(pattern)
        if found.announced:
            return np.full(IMAGES, 2, np.int8)
        key = tuple(found.read)
        known = self.__dict__.setdefault("by_read", {})
        if key not in known:
            known[key] = self._marks(found.read)
        return np.asarray(known[key])

    def _marks(self, read: list[int]) -> Marks:
        proto = type(self.proto)()
        proto.CopyFrom(self.proto)
        stored = {t.name: t for t in proto.graph.initializer}
        for index, tensor in enumerate(self.data.tensors):
            first = int(self.data.offsets[index])
            bits = np.array(read[first : first + tensor.bits]).reshape(-1, 32)
            codes = (bits << np.arange(32)).sum(axis=1).astype(np.uint32)
            set_raw(stored[tensor.name], from_codes(codes, ELEMENT_TYPES[tensor.dtype]).tobytes())
        golden = self.on.context.golden
        (batch,) = golden.batches
        session = open_session(proto, session_options())
        result = run_session(session, batch.feeds(golden.input_name))
        assert not isinstance(result, Failure)
        return golden.judge.classes(golden.by_batch[0], result)


@cache
def biases(folder: Path, protect: str, fault: str, batch: int = IMAGES) -> PreparedTarget:
    """The eight biases, one region."""
    target = target_of(region(events=fault, protection=protect))
    return prepared(folder, target, kinds="bias", batch=batch)


def broken(target: PreparedTarget, *, exhaustive: bool = False) -> EventBreakdown:
    """A campaign to its first look, taken apart."""
    context = target.analysis.context
    task = EventTask(context, target.weights, answered_at_once, 0.95, exhaustive)
    run_events(task, Direct(context), Memory(), Charges(), ignore)
    return broken_down(task)


@cache
def truth(folder: Path, protect: str, fault: str) -> Floats:
    """float64 (sites, images): probability of SDC, given an event there; kinds by their shares."""
    target = biases(folder, protect, fault)
    space, model = target.analysis.space, parse_fault(fault)
    every = ByImage(target.analysis, protect)
    found = np.zeros((space.bits, IMAGES))
    for share, kind in model.parts or ((1.0, model),):
        for site in range(space.bits):
            marks = every.outcomes(FaultPattern(kind, np.array([site], np.int64)))
            found[site] += share * (marks == 1)
    return found


def keys_of(target: PreparedTarget, key: Callable[[int, int], Any]) -> list[Any]:
    """The part to which each site belongs."""
    space = target.analysis.space
    located = (space.locate(site) for site in range(space.bits))
    return [key(tensor, bit) for tensor, _, bit in located]


def expect(parts: Mapping[Any, MemoryPart], keys: list[Any], harm: Floats) -> None:
    """The figures of every part are those of its sites."""
    assert set(parts) == set(keys)
    for name, part in parts.items():
        mine = np.array([key == name for key in keys])
        assert part.bits == mine.sum()
        assert part.events == pytest.approx(mine.mean())
        assert part.sdc is not None
        assert part.sdc.low == part.sdc.estimate == part.sdc.high
        assert part.sdc.estimate == pytest.approx(harm[mine].mean(), abs=1e-12)
        share = part.sdc_share
        if harm.sum() == 0.0:
            assert share is None
        else:
            assert share is not None
            assert share.estimate == pytest.approx(harm[mine].sum() / harm.sum(), abs=1e-12)
            assert share.high - share.low == pytest.approx(0.0, abs=1e-12)


def position(target: PreparedTarget, tensor: int, bit: int) -> BitPosition:
    site = target.analysis.space.tensors[tensor]
    return BitPosition(site.dtype, site.codec.name, bit)


@pytest.mark.parametrize("fault", [*FAULTS, MIXTURE])
@pytest.mark.parametrize("protect", PROTECTED)
def test_parts_are_those_of_enumeration(protect: str, fault: str, folder: Path) -> None:
    """Each tensor and each bit position, check bits included."""
    target = biases(folder, protect, fault)
    found, harm = broken(target, exhaustive=True), truth(folder, protect, fault).mean(axis=1)
    expect(found.tensors, keys_of(target, lambda tensor, _: tensor), harm)
    expect(found.bits, keys_of(target, partial(position, target)), harm)
    assert found.rest is None
    ranks = [part.sdc.estimate for part in found.tensors.values() if part.sdc]
    assert ranks == sorted(ranks, reverse=True)


@pytest.mark.parametrize("batch", [3, 1])
@pytest.mark.parametrize("fault", [*FAULTS, MIXTURE])
@pytest.mark.parametrize("protect", PROTECTED)
def test_classes_are_those_of_enumeration(
    protect: str, fault: str, batch: int, folder: Path
) -> None:
    """Whatever batches the images of a class lie in, the last one smaller."""
    target, whole = biases(folder, protect, fault, batch), biases(folder, protect, fault)
    found, harm = broken(target, exhaustive=True).classes, truth(folder, protect, fault)
    (labels,) = (batch.labels for batch in whole.analysis.context.golden.batches)
    assert labels is not None
    assert found is not None
    assert [c.number for c in found.classes] == np.unique(labels).tolist()
    for one in found.classes:
        mine = labels == one.number
        assert one.images == mine.sum()
        assert one.critical is None
        assert one.sdc is not None
        assert one.sdc.low == one.sdc.estimate == one.sdc.high
        assert one.sdc.estimate == pytest.approx(harm[:, mine].mean(), abs=1e-12)


def test_there_is_something_to_find(folder: Path) -> None:
    """Else agreement would prove little."""
    harm = truth(folder, "none", MIXTURE)
    assert harm.mean() > 0.01
    found = broken(biases(folder, "none", MIXTURE, 3), exhaustive=True)
    assert found.classes is not None
    figures = {round(c.sdc.estimate, 9) for c in found.classes.classes if c.sdc}
    assert len(found.classes.classes) > 1
    assert len(figures) > 1
    assert len({round(p.sdc.estimate, 9) for p in found.bits.values() if p.sdc}) > 3


def test_drawn_figures_hold_the_truth(folder: Path) -> None:
    """Campaigns of many seeds against the exhaustive one: classes jointly, parts one by one."""
    target = prepared(folder, target_of(region(events="burst:2")), kinds="weight", batch=4)
    exact = broken(target, exhaustive=True)
    seeds, missed, figures, unjoint = 30, 0, 0, 0
    for seed in range(seeds):
        context = with_plan(target.analysis.context, seed=seed)
        again = replace(target, analysis=replace(target.analysis, context=context))
        found = broken(again)
        pairs = [
            *_pairs(exact.tensors, found.tensors),
            *_pairs(exact.bits, found.bits),
        ]
        figures += len(pairs)
        for parts in (found.tensors, found.bits):
            shares = [part.sdc_share.estimate for part in parts.values() if part.sdc_share]
            assert sum(shares) == pytest.approx(1.0)
        missed += sum(not within(right, interval) for right, interval in pairs)
        assert exact.classes is not None
        assert found.classes is not None
        both = zip(exact.classes.classes, found.classes.classes, strict=True)
        unjoint += any(r.sdc and f.sdc and not within(r.sdc.estimate, f.sdc) for r, f in both)
    assert figures > 20 * seeds
    assert missed <= 0.05 * figures
    assert unjoint <= 4


def _pairs(exact: Mapping[Any, MemoryPart], found: Mapping[Any, MemoryPart]) -> Pairs:
    """Truths with their intervals: P(SDC) of each part, and its share of all SDC."""
    rows: Pairs = []
    for key, right in exact.items():
        own = found[key]
        for one, other in ((right.sdc, own.sdc), (right.sdc_share, own.sdc_share)):
            if one is not None and other is not None:
                rows.append((one.estimate, other))
    return rows


def within(truth: float, interval: Interval) -> bool:
    return interval.low - 1e-12 <= truth <= interval.high + 1e-12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("targets")
