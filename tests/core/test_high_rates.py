"""Rates near 1: every stratum can be drawn from, soon, and by the law."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from analyzer.faults.bitmap import Bools
from analyzer.faults.models import SiteIndex, parse_fault
from analyzer.faults.pairing import Pairing, correspond
from analyzer.faults.pattern_strata import StratifiedLaw, draw_sites, place_upsets
from analyzer.faults.sampling import generator
from tests.core.test_severity import severity

FLIP = parse_fault("flip")
RATES = (0.5, 0.9, 0.99, 0.999, 0.999999)
VALUES = {n: np.linspace(-0.7, 0.9, n, dtype=np.float32) for n in (1, 2, 3, 5, 12, 200)}


class Counting:
    """Random numbers, of which no more are given than the law needs."""

    def __init__(self, rng: np.random.Generator, most: int) -> None:
        self.rng, self.left = rng, most

    def __getattr__(self, name: str) -> object:
        method = getattr(self.rng, name)

        def counted(*args: object, **named: object) -> object:
            self.left -= 1
            assert self.left >= 0, "drawn again and again"
            return method(*args, **named)

        return counted


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("values", VALUES)
def test_every_stratum_is_drawn_from_at_once(values: int, rate: float) -> None:
    """Fails (it used not to end) if upsets are drawn until enough places, or their number, fit."""
    found = severity(w=VALUES[values])
    law = StratifiedLaw(found.space.bits, found, rate, FLIP)
    assert sum(s.weight for s in law.strata) + law.p_none == pytest.approx(1.0, abs=1e-12)
    claimed = {s.rising for s in law.strata}
    for stratum in law.strata:
        for trial in range(20):
            rng = Counting(generator("p", stratum.name, trial), 40)
            pattern = law.draw(rng, stratum)  # type: ignore[arg-type]
            rising = int(found.are_rising(pattern.sites).sum())
            assert 0 < len(pattern) == len(set(pattern.sites.tolist()))
            assert rising == stratum.rising or (stratum.rising is None and rising not in claimed)


def test_patterns_that_no_stratum_claims_follow_the_law() -> None:
    """Two of three rising bits, or three, are told apart: what is left are none and one."""
    found = severity(w=np.array([0.5, 0.25, 0.125], np.float32))
    assert (found.rising_bits, found.severe_bits) == (3, 3)
    rate, draws = 0.97, 4000
    law = StratifiedLaw(found.space.bits, found, rate, FLIP)
    assert [(s.name, s.rising) for s in law.strata] == [
        ("1", 1),
        ("2", 2),
        ("3", 3),
        ("other", None),
    ]
    rare = StratifiedLaw(found.space.bits, found, 0.999, FLIP)
    other = rare.strata[-1]
    assert [s.name for s in rare.strata] == ["2", "3", "other"]
    counts: Counter[int] = Counter()
    upsets = 0
    for trial in range(draws):
        pattern = rare.draw(generator("p", "other", trial), other)
        counts[int(found.are_rising(pattern.sites).sum())] += 1
        upsets += len(pattern)
    chances = [stats.binom.pmf(k, 3, 0.999) for k in (0, 1)]
    expected = draws * chances[0] / sum(chances)
    assert set(counts) <= {0, 1}
    assert abs(counts[0] - expected) <= 4 * np.sqrt(expected) + 1
    assert upsets / draws == pytest.approx(93 * 0.999 + counts[1] / draws, abs=0.05)


@pytest.mark.parametrize(("free", "count"), [(6, 4), (6, 5), (6, 6), (5, 3), (1, 1)])
def test_sets_of_most_free_sites_are_equally_likely(free: int, count: int) -> None:
    """Of 12 sites, of which the first few are refused."""

    def refused(sites: SiteIndex) -> Bools:
        return np.asarray(sites < 12 - free)

    sets = list(combinations(range(12 - free, 12), count))
    seen = Counter(
        tuple(draw_sites(generator("p", "most", t), 12, free, count, refused).tolist())
        for t in range(300 * len(sets))
    )
    assert set(seen) == set(sets)
    assert len(sets) == 1 or stats.chisquare(list(seen.values())).pvalue > 1e-4


def test_the_way_of_drawing_does_not_change_at_ordinary_rates() -> None:
    """The same numbers as ever: a pattern of three of the 6,000 sites that are not severe."""
    found = severity(w=VALUES[200])
    drawn = draw_sites(
        generator("p", "s", 0), found.space.bits, found.mild_bits, 3, found.are_severe
    )
    again = generator("p", "s", 0).integers(found.space.bits, size=5, dtype=np.int64)
    assert drawn.tolist() == sorted(again[~found.are_severe(again)][:3].tolist())


def test_other_places_that_draw_free_sites() -> None:
    """The threshold search, and a model whose patterns follow another's."""
    found = severity(w=VALUES[12])
    rng = Counting(generator("p", "s", 0), 40)
    pattern = place_upsets(rng, found, FLIP, 2, found.mild_bits - 1)  # type: ignore[arg-type]
    assert len(pattern) == found.mild_bits + 1
    pairing = Pairing("p", found, correspond(found.space, found.space))
    law = pairing.law(0.999, FLIP)
    for stratum in law.strata:
        drawn = law.draw(Counting(generator("p", "s", 1), 40), stratum)  # type: ignore[arg-type]
        assert len(drawn) > 0.9 * found.space.bits
