"""Limits of weighted sums: exact where theory is, honest where only measurement tells."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analyzer.stats.weighted import make_sample, sum_limits

Array = npt.NDArray[np.float64]


def limits(
    weights: list[float], events: list[int], trials: list[int], confidence: float = 0.99
) -> tuple[float, float]:
    """Of trials of one image each."""
    n = np.array(trials, float)
    mean = np.divide(events, n, out=np.zeros(len(n)), where=n > 0)
    return sum_limits(make_sample(weights, mean, mean * (1 - mean), n, n), confidence)


@given(st.integers(1, 400), st.data())
def test_one_stratum_is_clopper_pearson(trials: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, trials))
    low, high = limits([1.0], [events], [trials], 0.95)
    least = stats.beta.ppf(0.025, events, trials - events + 1) if events else 0.0
    most = stats.beta.ppf(0.975, events + 1, trials - events) if events < trials else 1.0
    assert (low, high) == pytest.approx((least, most), abs=1e-9)


def test_no_events_anywhere_is_the_bound_of_the_heaviest_trial() -> None:
    """The exact joint bound; fails if each stratum pays for an unseen trial of its own."""
    weights, trials = [0.5, 0.3, 0.2], [300, 100, 120]
    low, high = limits(weights, [0, 0, 0], trials)
    heaviest = max(w * (1 - 0.005 ** (1 / n)) for w, n in zip(weights, trials, strict=True))
    assert low == 0.0
    assert high == pytest.approx(heaviest, rel=0.01)


def test_strata_in_proportion_are_one_stratum() -> None:
    """Fails if the third moment is left out: the tail of few events is then cut."""
    apart = limits([0.5, 0.25, 0.25], [2, 1, 1], [400, 200, 200])
    together = limits([1.0], [4], [800])
    assert apart[1] == pytest.approx(together[1], rel=0.03)
    assert 0.0 < apart[0] <= together[0]


def test_a_precise_stratum_does_not_drown_an_unseen_event() -> None:
    """Two moments alone would give 0.55 + 0.009; what was not seen needs 0.55 + 0.013."""
    _, high = limits([0.5, 0.5], [10**7, 0], [10**7, 200])
    assert high == pytest.approx(0.5 + 0.5 * (1 - 0.005 ** (1 / 200)), rel=0.01)


def test_a_stratum_without_trials_may_be_anything() -> None:
    low, high = limits([0.6, 0.4], [0, 0], [500, 0])
    assert low == 0.0
    assert high == pytest.approx(0.4 + 0.6 * (1 - 0.005 ** (1 / 500)))
    assert limits([0.5, 0.5], [0, 0], [0, 0]) == (0.0, 1.0)


@given(
    st.lists(
        st.tuples(st.floats(0.01, 1.0), st.integers(0, 300), st.floats(0, 1)),
        min_size=1,
        max_size=6,
    )
)
def test_limits_enclose_the_estimate_and_mirror(parts: list[tuple[float, int, float]]) -> None:
    whole = sum(w for w, _, _ in parts)
    weights = [w / whole for w, _, _ in parts]
    trials = [n for _, n, _ in parts]
    events = [round(share * n) for _, n, share in parts]
    low, high = limits(weights, events, trials)
    point = sum(w * k / n for w, k, n in zip(weights, events, trials, strict=True) if n)
    assert -1e-12 <= low <= point + 1e-12
    assert point - 1e-12 <= high <= 1 + 1e-12
    others = [n - k for n, k in zip(trials, events, strict=True)]
    mirrored = limits(weights, others, trials)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-9)


def test_what_was_seen_once_is_never_reported_as_impossible() -> None:
    """A limit of 0 would be shown as 0, which is exact."""
    low, high = limits([0.9, 0.1], [1, 0], [300, 40])
    assert 0.0 < low < 1e-4
    assert high < 0.9
    assert limits([0.9, 0.1], [299, 40], [300, 40])[1] < 1.0


def test_images_of_one_trial_share_its_fate() -> None:
    """Without an event only trials count, not images."""
    few = sum_limits(make_sample([1.0], [0.0], [0.0], [100], [3200]), 0.99)
    assert few[1] == pytest.approx(1 - 0.005 ** (1 / 100))


WORLDS: dict[str, tuple[list[float], list[int], list[float]]] = {
    "nothing": ([0.97, 0.03], [320, 64], [0.0, 0.0]),
    "a quiet mass and a loud bit": ([31 / 32, 1 / 32], [320, 64], [0.0006, 0.3]),
    "just beyond the zero bound": ([31 / 32, 1 / 32], [320, 64], [0.0168, 0.3]),
    "unequal trials": ([0.93, 0.07], [928, 80], [0.0056, 0.25]),
    "heavy trials that matter": ([0.07, 0.93], [80, 928], [0.06, 0.0052]),
    "three at the zero bound": ([0.5, 0.25, 0.25], [160, 80, 80], [0.0168] * 3),
    "a sure bit": ([0.979, 0.021], [400, 16], [0.5, 1.0]),
    "all middling": ([0.24, 0.43, 0.07, 0.14, 0.12], [240, 432, 80, 144, 128], [0.3] * 5),
}


@pytest.mark.parametrize("confidence", [0.95, 0.99])
@pytest.mark.parametrize("world", WORLDS)
def test_intervals_cover(world: str, confidence: float) -> None:
    """5,000 campaigns: each limit errs as often as allowed at most, up to 3 standard errors."""
    weights, trials, chances = WORLDS[world]
    campaigns, truth = 5_000, float(np.dot(weights, chances))
    rng = np.random.default_rng(0)
    drawn = rng.binomial(trials, chances, (campaigns, len(weights)))
    above = below = 0
    for events, count in zip(*np.unique(drawn, axis=0, return_counts=True), strict=True):
        low, high = limits(weights, events.tolist(), trials, confidence)
        above += int(count) * (low > truth + 1e-12)
        below += int(count) * (high < truth - 1e-12)
    allowed = (1 - confidence) / 2
    most = campaigns * allowed + 3 * np.sqrt(campaigns * allowed)
    assert above <= most
    assert below <= most
