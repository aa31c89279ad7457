"""Strata of single events partition the events of a region, and tell directions apart."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.elements import FLOAT32, StoredCodec
from analyzer.faults.events import EventRegion, Place, split_events
from analyzer.faults.models import parse_fault
from analyzer.faults.sites import Kind
from analyzer.faults.space import FaultSpace, TensorSite
from tests.strategies import spaces, values_of

FAULTS = ("flip", "burst:2", "word:8", "mix:flip=0.75,burst:3=0.25")


@given(spaces(), st.integers(0, 99), st.sampled_from(FAULTS))
def test_every_event_belongs_to_one_stratum(space: FaultSpace, seed: int, fault: str) -> None:
    """Each kind of event begins once at each bit; shares are those of the sites."""
    region = EventRegion(0, tuple(range(len(space.tensors))), parse_fault(fault))
    strata = split_events(space, values_of(space, seed), [region]).strata
    assert sum(s.share for s in strata) == pytest.approx(1.0)
    for share, kind in region.fault.parts or ((1.0, region.fault),):
        own = [s for s in strata if s.fault == kind]
        begun = Counter(s.site(space, n) for s in own for n in range(s.sites))
        assert begun == Counter(range(space.bits))
        assert all(s.share == pytest.approx(share * s.sites / space.bits) for s in own)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 99))
def test_severe_events_are_told_apart_by_direction(sizes: list[int], seed: int) -> None:
    """A flip of bit 30 of a small float32 makes it huge, and keeps its sign."""
    rng = np.random.default_rng(seed)
    values = {f"t{i}": (rng.standard_normal(n) / 8).astype(np.float32) for i, n in enumerate(sizes)}
    sites = tuple(
        TensorSite(name, Kind.WEIGHT, v.shape, StoredCodec(FLOAT32), "float32")
        for name, v in values.items()
    )
    space = FaultSpace(sites)
    region = EventRegion(0, tuple(range(len(sites))), parse_fault("flip"))
    strata = split_events(space, values, [region]).strata
    assert not [s for s in strata if s.place is Place.SEVERE]
    for stratum in strata:
        for site in (stratum.site(space, n) for n in range(stratum.sites)):
            tensor, element, bit = space.locate(site)
            golden = values[f"t{tensor}"][element]
            if bit == 30:
                assert stratum.place is (Place.RISING if golden > 0 else Place.FALLING)
