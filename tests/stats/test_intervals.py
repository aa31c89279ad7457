from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from analyzer.stats.intervals import (
    Interval,
    cluster_difference,
    cluster_proportion,
    complement,
    rescale,
)
from analyzer.stats.limits import mean_limits
from analyzer.stats.tally import Moments, Tally

BATCH = 8
# The limits solve for a probability to 1e-12; steep tails magnify that little.
CLOSE = 1e-9


@st.composite
def campaigns(draw: st.DrawFn) -> Tally:
    """One to thirty trials of eight images; often all alike, empty or full."""
    lost = draw(
        st.lists(st.integers(0, BATCH), min_size=1, max_size=30)
        | st.lists(st.sampled_from([0, BATCH]), min_size=1, max_size=30)
        | st.lists(st.sampled_from([0, 0, 0, 1, BATCH]), min_size=1, max_size=30)
    )
    tally = Tally.empty(BATCH)
    for count in lost:
        gained = draw(st.integers(0, BATCH - count) | st.just(min(count, BATCH - count)))
        tally += Tally.of_trial(BATCH, BATCH, 0, 0, 0, count, gained)
    return tally


confidences = st.floats(0.01, 0.999)


def proportion(tally: Tally, confidence: float = 0.95) -> Interval:
    return cluster_proportion(tally.lost, tally.trials, tally.unit, tally.images, confidence)


def difference(tally: Tally, confidence: float = 0.95) -> Interval:
    return cluster_difference(
        tally.gained,
        tally.lost,
        tally.net,
        tally.trials,
        tally.unit,
        tally.images,
        confidence,
    )


KINDS = pytest.mark.parametrize("interval", [proportion, difference])
Make = Callable[..., Interval]


@KINDS
@given(campaigns(), confidences)
def test_estimate_is_the_mean_and_inside(interval: Make, tally: Tally, confidence: float) -> None:
    result = interval(tally, confidence)
    share = tally.lost if interval is proportion else tally.net
    assert result.estimate == share.total / (tally.trials * tally.unit)
    assert (0.0 if interval is proportion else -1.0) <= result.low <= result.estimate
    assert result.estimate <= result.high <= 1.0


@KINDS
@given(campaigns(), confidences, confidences)
def test_more_confidence_is_never_narrower(
    interval: Make, tally: Tally, first: float, second: float
) -> None:
    narrow = interval(tally, min(first, second))
    wide = interval(tally, max(first, second))
    assert wide.low <= narrow.low + CLOSE
    assert narrow.high <= wide.high + CLOSE


@KINDS
@given(campaigns(), st.integers(2, 20))
def test_replicated_data_are_narrower(interval: Make, tally: Tally, times: int) -> None:
    once, repeated = interval(tally), tally
    for _ in range(times - 1):
        repeated += tally
    often = interval(repeated)
    assert often.estimate == pytest.approx(once.estimate)
    assert often.high - often.low < once.high - once.low


@given(campaigns(), confidences)
def test_proportion_is_symmetrical(tally: Tally, confidence: float) -> None:
    """What is not lost is kept: y -> 1 - y turns the interval round."""
    trials, unit, lost = tally.trials, tally.unit, tally.lost
    kept = Moments(
        trials * unit - lost.total, trials * unit**2 - 2 * unit * lost.total + lost.squares
    )
    mirror = complement(cluster_proportion(kept, trials, unit, tally.images, confidence))
    result = proportion(tally, confidence)
    assert mirror.low == pytest.approx(result.low, abs=CLOSE)
    assert mirror.high == pytest.approx(result.high, abs=CLOSE)


@given(campaigns(), confidences)
def test_difference_is_symmetrical(tally: Tally, confidence: float) -> None:
    """Losses taken for gains turn the interval round."""
    net = Moments(-tally.net.total, tally.net.squares)
    mirror = cluster_difference(
        tally.lost, tally.gained, net, tally.trials, tally.unit, tally.images, confidence
    )
    result = difference(tally, confidence)
    assert -mirror.high == pytest.approx(result.low, abs=CLOSE)
    assert -mirror.low == pytest.approx(result.high, abs=CLOSE)


@given(campaigns())
def test_unit_does_not_matter(tally: Tally) -> None:
    finer = Moments(tally.lost.total * 7, tally.lost.squares * 49)
    scaled = cluster_proportion(finer, tally.trials, tally.unit * 7, tally.images, 0.95)
    assert scaled == proportion(tally)


@given(campaigns())
def test_losses_never_lower_the_bound_of_none(tally: Tally) -> None:
    """Having seen a small loss must not make one surer than having seen nothing."""
    nothing = cluster_proportion(Moments(), tally.trials, tally.unit, tally.images, 0.95)
    assert proportion(tally).high >= nothing.high - CLOSE


@given(campaigns())
def test_at_best_as_good_as_independent_images(tally: Tally) -> None:
    """Never narrower than mid-P on as many independent images, the tightest honest reading."""
    assume(0 < tally.lost.total < tally.trials * tally.unit)
    result = proportion(tally)
    low, high = mid_p(tally.lost.total, tally.images)
    assert result.low <= low + 1e-6
    assert high <= result.high + 1e-6


def test_nothing_seen_is_the_exact_bound() -> None:
    """Clopper & Pearson 1934, one-sided; "rule of three": about 3/n."""
    result = cluster_proportion(Moments(), 300, 32, 9600, 0.95)
    reference = stats.binomtest(0, 300, alternative="less").proportion_ci(0.95, "exact")
    assert (result.estimate, result.low) == (0.0, 0.0)
    assert result.high == pytest.approx(reference.high, rel=1e-12)
    everything = cluster_proportion(Moments(9600, 307200), 300, 32, 9600, 0.95)
    assert (everything.estimate, everything.high) == (1.0, 1.0)
    assert everything.low == pytest.approx(1.0 - reference.high, rel=1e-12)


@pytest.mark.parametrize("count", [1, 2, 5, 20, 150, 280, 299])
def test_yes_no_trials_lie_between_mid_p_and_clopper_pearson(count: int) -> None:
    result = cluster_proportion(Moments(count, count), 300, 1, 300, 0.95)
    exact = stats.binomtest(count, 300).proportion_ci(0.95, "exact")
    low, high = mid_p(count, 300)
    assert exact.low <= result.low <= low
    assert high <= result.high <= exact.high


def test_scalar_and_array_interfaces_agree() -> None:
    counts = np.array([[0, 0, 3, 8], [1, 1, 1, 1], [8, 8, 8, 7]])
    shares = counts / BATCH
    low, high = mean_limits(shares.mean(axis=1), shares.var(axis=1), 4, 4 * BATCH, 0.9)
    for row, row_low, row_high in zip(counts, low, high, strict=True):
        moments = Moments(int(row.sum()), int((row**2).sum()))
        result = cluster_proportion(moments, 4, BATCH, 4 * BATCH, 0.9)
        assert (result.low, result.high) == pytest.approx((row_low, row_high), abs=CLOSE)


def test_gains_that_follow_losses_do_not_hide_the_unseen() -> None:
    """Ten trials swap half their images exactly: the net is 0, but an eleventh may lose all."""
    half = Moments(10 * 4, 10 * 16)
    result = cluster_difference(half, half, Moments(), 10, BATCH, 80, 0.95)
    assert result.estimate == 0.0
    assert result.low < -0.1
    assert result.high > 0.1


def test_no_trials_know_nothing() -> None:
    assert cluster_proportion(Moments(), 0, 32, 0, 0.95) == Interval(0.5, 0.0, 1.0)
    none = Moments()
    assert cluster_difference(none, none, none, 0, 32, 0, 0.95) == Interval(0.0, -1.0, 1.0)


BAD_SAMPLES = [
    (Moments(1, 1), 0, 1, 0, 0.95),
    (Moments(3, 3), 2, 1, 2, 0.95),
    (Moments(-1, 1), 2, 1, 2, 0.95),
    (Moments(2, 1), 2, 1, 2, 0.95),
    (Moments(2, 9), 2, 4, 8, 0.95),
    (Moments(1, 1), 2, 1, 1, 0.95),
    (Moments(0, 0), 2, 0, 2, 0.95),
    (Moments(0, 0), 0, 1, 2, 0.95),
    (Moments(1, 1), 2, 1, 2, 1.0),
    (Moments(1, 1), 2, 1, 2, 0.0),
]


@pytest.mark.parametrize("sample", BAD_SAMPLES)
def test_impossible_samples_are_refused(sample: tuple[Moments, int, int, int, float]) -> None:
    with pytest.raises(ValueError, match=r"confidence|trials|shares"):
        cluster_proportion(*sample)


def test_net_must_be_gained_minus_lost() -> None:
    with pytest.raises(ValueError, match="gained minus lost"):
        cluster_difference(Moments(), Moments(), Moments(1, 1), 2, 1, 2, 0.95)


def test_interval_encloses_its_estimate() -> None:
    with pytest.raises(ValueError, match="not within"):
        Interval(0.5, 0.6, 0.7)
    with pytest.raises(ValueError, match="not within"):
        Interval(float("nan"), 0.0, 1.0)


def test_rescale_refuses_to_turn_round() -> None:
    with pytest.raises(ValueError, match="weight"):
        rescale(Interval(0.5, 0.0, 1.0), weight=-1.0, offset=0.0)


def mid_p(count: int, size: int) -> tuple[float, float]:
    """Lancaster 1961, by bisection on its definition: half the probability of what was seen."""
    ends = []
    for level in (0.975, 0.025):
        low, high = 0.0, 1.0
        for _ in range(60):
            rate = (low + high) / 2
            below = stats.binom.cdf(count, size, rate) - 0.5 * stats.binom.pmf(count, size, rate)
            low, high = (rate, high) if below > level else (low, rate)
        ends.append(low)
    return ends[0], ends[1]
