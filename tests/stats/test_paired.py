"""Paired differences: exact sums, right weights, honest intervals.

Coverage: tests/stats/test_pairing_pays.py.
"""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stats.area import area, area_weights
from analyzer.stats.intervals import Interval
from analyzer.stats.paired import (
    Difference,
    PairedStratum,
    longest_arm,
    net_covariance,
    paired_difference,
    unpaired_difference,
)
from analyzer.stats.paired_tally import Change, Counts, PairedTally
from analyzer.stats.strata import Stratum, estimate_strata
from analyzer.stats.tally import Tally

UNIT = 4


@st.composite
def trial(draw: st.DrawFn) -> Counts:
    """Outcomes of one trial of four images."""
    sdc = draw(st.integers(0, UNIT))
    due = draw(st.integers(0, UNIT - sdc))
    lost = draw(st.integers(0, sdc + due))
    gained = draw(st.integers(0, UNIT - lost))
    return UNIT, sdc, due, UNIT - sdc - due, lost, gained


pairs = st.lists(st.tuples(trial(), trial()), min_size=1, max_size=40)
GOLDEN = (0.75, 0.5)


def stratum(tally: PairedTally, weight: float = 1.0) -> PairedStratum:
    """Trials that both models ran, and no others."""
    return PairedStratum(weight, tally.first, tally.second, tally)


def compare(
    given_pairs: Sequence[tuple[Counts, Counts]],
    golden: tuple[float, float],
    unit: int = 1,
    weight: float = 1.0,
) -> Difference:
    tally = PairedTally.of_trials(unit, given_pairs)
    alike = golden[0] == golden[1]
    return paired_difference([stratum(tally, weight)], golden, 0.95, alike=alike)


def difference(given_pairs: list[tuple[Counts, Counts]], weight: float = 1.0) -> Difference:
    return compare(given_pairs, GOLDEN, UNIT, weight)


@given(pairs, pairs)
def test_tallies_add_exactly(
    first: list[tuple[Counts, Counts]], second: list[tuple[Counts, Counts]]
) -> None:
    both = PairedTally.of_trials(UNIT, first + second)
    assert PairedTally.of_trials(UNIT, first) + PairedTally.of_trials(UNIT, second) == both


@given(pairs)
def test_the_sums_are_those_of_the_trials_one_by_one(
    given_pairs: list[tuple[Counts, Counts]],
) -> None:
    """An oracle that loops over trials; fails if up and down are swapped or squares are not."""
    tally = PairedTally.of_trials(UNIT, given_pairs)
    nets = {
        "sdc": [b[1] - a[1] for a, b in given_pairs],
        "due": [b[2] - a[2] for a, b in given_pairs],
        "net": [(b[5] - b[4]) - (a[5] - a[4]) for a, b in given_pairs],
    }
    for name, values in nets.items():
        change: Change = getattr(tally, name)
        assert change.up.total == sum(max(n, 0) for n in values)
        assert change.down.total == sum(max(-n, 0) for n in values)
        assert change.net.total == sum(values)
        assert change.net.squares == sum(n * n for n in values)
    for side, model in ((tally.first, 0), (tally.second, 1)):
        assert side == Tally.of_trials(UNIT, (p[model] for p in given_pairs))


singles = st.lists(
    st.tuples(*[st.sampled_from([(1, 0), (1, 1), (0, 0), (0, 1)])] * 2), min_size=2, max_size=60
)


@given(singles, st.booleans(), st.booleans())
def test_covariances_are_those_of_the_trials_one_by_one(
    outcomes: list[tuple[tuple[int, int], tuple[int, int]]], first: bool, second: bool
) -> None:
    """Of gained minus lost, with the means of right and of wrong images taken out or not.

    An oracle that loops over trials; fails if kinds of the two models are mixed up.
    """
    pairs = [tuple(image(*o) for o in pair) for pair in outcomes]
    tally = PairedTally.of_trials(1, [(a, b) for a, b in pairs])
    nets = [np.array([p[i][5] - p[i][4] for p in pairs], float) for i in (0, 1)]
    for i, apart in enumerate((first, second)):
        right = np.array([p[i][6] for p in pairs])
        groups = [right == 0, right == 1] if apart else [right >= 0]
        for group in groups:
            nets[i][group] -= nets[i][group].mean() if group.any() else 0.0
    expected = float(np.mean(nets[0] * nets[1]))
    assert net_covariance(tally, (first, second)) == pytest.approx(expected, abs=1e-12)


def image(right: int, harmed: int) -> Counts:
    """Outcomes of a trial of one image."""
    lost, gained = right * harmed, (1 - right) * harmed
    return 1, harmed, 0, 1 - harmed, lost, gained, right


@given(pairs, st.floats(0.01, 1.0))
def test_the_point_is_the_difference_of_the_two_estimates(
    given_pairs: list[tuple[Counts, Counts]], weight: float
) -> None:
    found = difference(given_pairs, weight)
    first, second = (
        estimate_strata(
            [Stratum(weight, Tally.of_trials(UNIT, (p[i] for p in given_pairs)))], golden, 0.95
        )
        for i, golden in enumerate(GOLDEN)
    )
    assert found.sdc.estimate == pytest.approx(second.sdc.estimate - first.sdc.estimate)
    assert found.due.estimate == pytest.approx(second.due.estimate - first.due.estimate)
    if 0 < first.metric.estimate < 1 and 0 < second.metric.estimate < 1:  # else cut to [0, 1]
        metric = second.metric.estimate - first.metric.estimate
        assert found.metric.estimate == pytest.approx(metric)


@given(pairs)
def test_exchanging_the_models_turns_the_difference_round(
    given_pairs: list[tuple[Counts, Counts]],
) -> None:
    turned = PairedTally.of_trials(UNIT, [(b, a) for a, b in given_pairs])
    back = paired_difference([stratum(turned)], (GOLDEN[1], GOLDEN[0]), 0.95, alike=False)
    there = difference(given_pairs)
    for a, b in ((there.sdc, back.sdc), (there.due, back.due), (there.metric, back.metric)):
        assert (a.low, a.high) == pytest.approx((-b.high, -b.low), abs=1e-9)


def test_the_same_model_twice_differs_by_exactly_nothing() -> None:
    dead, fine = (UNIT, 3, 1, 0, 3, 0), (UNIT, 0, 0, 4, 0, 0)
    found = compare([(dead, dead), (fine, fine)] * 150, (0.75, 0.75), UNIT, 0.5)
    for interval in (found.metric, found.sdc, found.due):
        assert interval.estimate == 0.0
        assert interval.low == -interval.high
    # An unseen difference is bounded as any unseen event is: 1 - 0.05**(1/300) of the weight.
    assert found.sdc.high == pytest.approx(0.5 * (1 - 0.05 ** (1 / 300)))


def test_without_trials_nothing_is_known() -> None:
    found = difference([], 1.0)
    assert (found.sdc.low, found.sdc.high) == (-1.0, 1.0)
    assert (found.metric.low, found.metric.high) == (-1.0, 1.0)


def test_trials_of_different_images_are_no_pairs() -> None:
    one, two = (1, 0, 0, 1, 0, 0), (2, 0, 0, 2, 0, 0)
    with pytest.raises(ValueError, match="a trial of 1 images is none of 2"):
        PairedTally.of_trials(2, [(one, two)])
    with pytest.raises(ValueError, match="different units"):
        PairedTally.of_trials(2, []) + PairedTally.of_trials(4, [])


def test_pairing_is_what_makes_it_narrow() -> None:
    """The same outcomes, paired and shuffled: fails where the pairs are not used."""
    rng = np.random.default_rng(0)
    dead = rng.random(600) < 0.4
    saved = dead & (rng.random(600) < 0.1)
    first = [(1, int(d), 0, int(not d), int(d), 0) for d in dead]
    second = [(1, int(d), 0, int(not d), int(d), 0) for d in dead & ~saved]
    paired = compare(list(zip(first, second, strict=True)), (1.0, 1.0))
    order = rng.permutation(600)
    pairs = [(a, second[i]) for a, i in zip(first, order, strict=True)]
    shuffled = compare(pairs, (1.0, 1.0))
    assert paired.metric.estimate == pytest.approx(shuffled.metric.estimate)
    assert longest_arm(paired, metric=True) < 0.5 * longest_arm(shuffled, metric=True)


def test_gains_and_losses_that_move_together_cancel() -> None:
    """The arms of gained and lost are composed with their correlation over trials (MOVER)."""
    rng = np.random.default_rng(1)
    fine: Counts = (8, 0, 0, 8, 0, 0)
    swapped = rng.integers(0, 4, 500)
    together = [(fine, (8, 2 * n, 0, 8 - 2 * n, n, n)) for n in swapped.tolist()]
    other = rng.permutation(swapped).tolist()
    apart = [
        (fine, (8, n + m, 0, 8 - n - m, n, m)) for n, m in zip(swapped.tolist(), other, strict=True)
    ]
    narrow, wide = (compare(p, (0.5, 0.5), 8) for p in (together, apart))
    assert narrow.metric.estimate == wide.metric.estimate == 0.0
    assert longest_arm_of(narrow.metric) < 0.4 * longest_arm_of(wide.metric)
    gained, lost = (np.array([p[1][i] for p in apart]) / 8 for i in (5, 4))
    error = float(np.std(gained - lost)) / math.sqrt(500)
    assert longest_arm_of(wide.metric) == pytest.approx(1.96 * error, rel=0.15)


def longest_arm_of(interval: Interval) -> float:
    return max(interval.high - interval.estimate, interval.estimate - interval.low)


def test_the_longest_arm_leaves_the_metric_out_where_it_says_nothing() -> None:
    narrow, wide = Interval(0.0, -0.01, 0.02), Interval(0.0, -0.3, 0.1)
    found = Difference(metric=wide, sdc=narrow, due=narrow)
    assert longest_arm(found, metric=True) == 0.3
    assert longest_arm(found, metric=False) == 0.02


def test_unpaired_differences_stay_within_what_can_be() -> None:
    found = unpaired_difference(Interval(0.9, 0.5, 1.0), Interval(0.1, 0.0, 0.5))
    assert found.low == pytest.approx(-0.8 - math.hypot(0.1, 0.1))
    assert found.high == pytest.approx(-0.8 + math.hypot(0.4, 0.4))
    assert unpaired_difference(Interval(1.0, 0.4, 1.0), Interval(0.0, 0.0, 0.1)).low == -1.0
    assert unpaired_difference(Interval(1.0, 0.8, 1.0), Interval(0.95, 0.1, 1.0)).high <= 1.0


# Area


@given(st.lists(st.integers(-120, -10), min_size=1, max_size=9, unique=True))
def test_area_weights_sum_to_one_and_know_no_order(exponents: list[int]) -> None:
    rates = [10 ** (e / 10) for e in exponents]
    weights = area_weights(rates)
    assert math.fsum(weights) == pytest.approx(1.0)
    turned = area_weights(rates[::-1])
    assert turned[::-1] == weights


def test_the_area_is_that_of_numpy_over_the_logarithm() -> None:
    rates, values = [1e-7, 3e-7, 1e-5, 4e-4], [0.9, 0.85, 0.4, 0.1]
    logs = np.log10(rates)
    widths = np.diff(logs)
    expected = float(np.sum(widths * (np.array(values)[1:] + np.array(values)[:-1]) / 2))
    found = area([Interval(v, v, v) for v in values], rates)
    assert found is not None
    assert found.estimate == pytest.approx(expected / (logs[-1] - logs[0]))


def test_the_area_of_a_difference_may_be_negative() -> None:
    found = area([Interval(-0.5, -0.75, -0.25)] * 2, [1e-6, 1e-5])
    assert found is not None
    assert found.estimate == -0.5
    assert found.low == pytest.approx(-0.5 - 0.25 / math.sqrt(2))


def test_where_a_model_is_not_hit_its_figure_is_exact() -> None:
    """Patterns that hit only what the second model has: the difference is what happens to it."""
    rows = [image(1, 1)] * 3 + [image(1, 0)] * 297
    tally, nothing = Tally.of_trials(1, rows), PairedTally.of_trials(1, [])
    found = paired_difference(
        [PairedStratum(0.5, None, tally, nothing)], (1.0, 1.0), 0.95, alike=True
    )
    own = estimate_strata([Stratum(0.5, tally)], 1.0, 0.95)
    assert (found.sdc, found.due) == (own.sdc, own.due)
    metric = (found.metric.estimate, found.metric.low, found.metric.high)
    expected = (own.metric.estimate - 1, own.metric.low - 1, own.metric.high - 1)
    assert metric == pytest.approx(expected)


def test_the_way_is_chosen_by_variances_alone() -> None:
    """As many trials turned the other way round: the choice, and so the width, is the same."""
    rng = np.random.default_rng(4)
    for share in (0.0, 0.02, 0.2, 0.5):
        first = [image(1, int(h)) for h in rng.random(400) < 0.4]
        flipped = rng.random(400) < share
        second = [image(1, a[1] ^ int(f)) for a, f in zip(first, flipped, strict=True)]
        there = compare(list(zip(first, second, strict=True)), (1.0, 1.0)).sdc
        back = compare(list(zip(second, first, strict=True)), (1.0, 1.0)).sdc
        assert there.high - there.low == pytest.approx(back.high - back.low)
