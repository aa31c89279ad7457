"""Maps on a budget: bits at risk are tried by their share, and what is untried claims nothing."""

import math
from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.cells import SiteCell
from analyzer.campaign.maps.map import VulnerabilityMap
from analyzer.campaign.result import Stop
from analyzer.campaign.trials import TrialContext
from analyzer.stats.areas import AreaStratum, ExactShares, estimate_area, untried_share
from analyzer.stats.tally import Tally
from tests.campaign.contexts import Charges, Memory
from tests.campaign.maps import Direct, known, make, small, with_seed
from tests.strategies import examples

MARGIN = 0.05


def tried_bits(found: VulnerabilityMap) -> float:
    """Share of the bits at risk of which something is known."""
    bits = [found.space.tensors[t.tensor].bits for t in found.tensors]
    tried = (b * (1.0 - t.untried) for b, t in zip(bits, found.tensors, strict=True))
    return math.fsum(tried) / sum(bits)


@examples(30)
@given(st.integers(0, 90), st.sampled_from([Stop.BUDGET, Stop.INTERRUPTED]), st.booleans())
def test_what_is_untried_has_no_estimate_and_enters_no_total(
    blocks: int, reason: Stop, exhaustive: bool
) -> None:
    """Any prefix of a map. Fails if strata without trials count as harmless."""
    found = make(small().context, Memory(), Charges(blocks, reason), exhaustive)
    assert found.whole.untried == pytest.approx(1.0 - tried_bits(found))
    areas = [(t.untried, t.estimate) for t in found.tensors]
    areas += [(a.untried, a.estimate) for a in (found.whole, *found.kinds.values())]
    areas += [(a.untried, a.estimate) for a in found.bits.values()]
    for untried, estimate in areas:
        assert (estimate is None) is (untried > MARGIN)
        if estimate is not None and untried:
            assert estimate.sdc.high - estimate.sdc.low >= untried
    shares = [share for share in found.sdc_shares if share is not None]
    assert bool(shares) is (found.whole.estimate is not None)
    assert math.fsum(shares) == pytest.approx(1.0 if any(shares) else 0.0)


def sent(context: TrialContext, exhaustive: bool = False) -> list[tuple[SiteCell, int]]:
    """The blocks of a whole map, in the order in which they were begun."""
    pool = Direct(context)
    make(context, exhaustive=exhaustive, pool=pool)
    return [(b.cell, b.index) for b in pool.sent if isinstance(b.cell, SiteCell)]


def matters(context: TrialContext, cell: SiteCell) -> bool:
    """Without this stratum its tensor has no estimate, and one block tells something of it."""
    sites = context.patterns.sites
    assert sites is not None
    bits = context.space.tensors[cell.tensor].bits
    return sites.parts[cell.tensor][cell.part].sites > MARGIN * bits and not cell.every


def test_the_largest_tensors_are_begun_first() -> None:
    """Fails if tensors are begun in the order of the file: a bias stands before the largest."""
    context = small().context
    bits = [t.bits for t in context.space.tensors]
    assert bits != sorted(bits, reverse=True)
    cells = list(dict.fromkeys(cell for cell, _ in sent(context)))
    begun = [matters(context, cell) for cell in cells]
    assert begun == sorted(begun, reverse=True)  # those that matter, then the others
    for asked in (True, False):
        sizes = [bits[c.tensor] for c in cells if matters(context, c) is asked]
        assert sizes == sorted(sizes, reverse=True)
        assert len(set(sizes)) > 1


def test_no_stratum_gets_a_second_block_before_each_has_one() -> None:
    """Fails if a large tensor is finished before the next one is begun."""
    drawn = [index for cell, index in sent(small().context) if not cell.every]
    assert drawn.count(0) > 5
    assert set(drawn[: drawn.count(0)]) == {0}


def test_an_exhaustive_map_finishes_what_it_has_begun() -> None:
    """Nothing is known of half of a stratum that is counted off: strata come one by one."""
    runs = [cell for cell, _ in groupby(cell for cell, _ in sent(small().context, True))]
    assert len(runs) == len(set(runs)) > 10


def test_bits_get_their_share_of_the_trials() -> None:
    """Of the trials that are planned beforehand: the tensor with the fewest per bit goes on."""
    context, pool = with_seed(0, 0.01), Direct(small().context)
    found = make(context, pool=pool)
    blocks = [b.cell.tensor for b in pool.sent if isinstance(b.cell, SiteCell)]
    bits = [t.bits for t in context.space.tensors]
    first = {
        t.tensor: math.fsum(-(-s.first.tally.trials // BLOCK_TRIALS) for s in t.strata)
        for t in found.tensors
    }
    begun = max(i for i, b in enumerate(pool.sent) if b.index == 0)
    compared = 0
    for now in range(begun + 1, len(blocks)):
        done = {t: blocks[:now].count(t) for t in first}
        rates = {t: done[t] / bits[t] for t in first if done[t] < first[t]}
        if blocks[now] in rates:
            compared += len(rates) > 1
            # The pool is given two blocks at a time: the first may not be counted yet.
            assert rates[blocks[now]] - 1 / bits[blocks[now]] <= min(rates.values()) + 1e-12
    assert compared > 5


def test_a_finished_map_leaves_nothing_untried() -> None:
    found = make(small().context)
    assert (found.whole.untried, tried_bits(found)) == (0.0, 1.0)
    assert all(t.untried == 0.0 and known(t.estimate) for t in found.tensors)


outcomes = st.integers(0, 16)


@given(st.lists(st.tuples(st.floats(0.01, 1.0), st.booleans(), outcomes), min_size=1, max_size=5))
def test_a_stratum_that_is_untried_counts_like_the_others(
    parts: list[tuple[float, bool, int]],
) -> None:
    """Fails if it counts as harmless; its whole weight is part of the interval."""
    whole = math.fsum(w for w, _, _ in parts)
    strata = []
    for weight, tried, harmed in parts:
        trials = [(1, 1, 0, 0, 1, 0)] * harmed + [(1, 0, 0, 1, 0, 0)] * (16 - harmed)
        strata.append(AreaStratum(weight / whole, Tally.of_trials(1, trials if tried else [])))
    tried_strata = [s for s in strata if s.tally.trials]
    found, untried = estimate_area(strata, 0.95), untried_share(strata)
    if not tried_strata:
        assert untried == 1.0
        return
    share = math.fsum(s.weight for s in tried_strata)
    assert untried == pytest.approx(1.0 - share, abs=1e-12)
    scaled = [replace(s, weight=s.weight / share) for s in tried_strata]
    alone = estimate_area(scaled, 0.95)
    assert found.sdc.estimate == pytest.approx(alone.sdc.estimate)
    assert found.sdc.low == pytest.approx(alone.sdc.low * share, abs=1e-12)
    assert found.sdc.high == pytest.approx(alone.sdc.high * share + untried, abs=1e-12)


def test_what_was_counted_off_is_known() -> None:
    exact = AreaStratum(0.5, Tally(1, 16, 16), ExactShares(0.25, 0.0, 0.0, 0.0))
    assert untried_share([exact, AreaStratum(0.5, Tally.empty(1))]) == 0.5
    found = estimate_area([exact, AreaStratum(0.5, Tally.empty(1))], 0.95).sdc
    assert (found.estimate, found.low, found.high) == (0.25, 0.125, 0.625)
