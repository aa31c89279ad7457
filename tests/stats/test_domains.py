"""Shares of a class from trials of whole batches: exact where they must be, and covered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stats.domains import DomainStratum, DomainTally, domain_share
from analyzer.stats.levels import each_of

REPEATS, CONFIDENCE = 300, 0.95
ints = st.integers(0, 6)


def tally(images: Sequence[int], struck: Sequence[int]) -> DomainTally:
    """Of trials that met so many images of a class, of which so many were struck."""
    pairs = [(m, x) for m, x in zip(images, struck, strict=True) if m]
    return DomainTally(
        len(pairs),
        sum(m for m, _ in pairs),
        sum(m * m for m, _ in pairs),
        sum(x for _, x in pairs),
        sum(x * x for _, x in pairs),
        sum(m * x for m, x in pairs),
    )


@given(st.lists(st.tuples(ints, st.floats(0, 1)), min_size=1, max_size=20))
def test_the_share_is_that_of_all_images(rows: list[tuple[int, float]]) -> None:
    images = [m for m, _ in rows]
    struck = [round(m * part) for m, part in rows]
    found = domain_share([DomainStratum(1.0, tally(images, struck))], CONFIDENCE, 0.0)
    if not sum(images):
        assert found is None
        return
    assert found is not None
    assert found.estimate == pytest.approx(sum(struck) / sum(images))
    assert 0.0 <= found.low <= found.estimate <= found.high <= 1.0


@pytest.mark.parametrize(("trials", "struck"), [(50, 0), (50, 3), (400, 17), (7, 7)])
def test_one_image_per_trial_is_a_proportion(trials: int, struck: int) -> None:
    """The limits are then those of Clopper and Pearson, as of any share of one stratum."""
    own = tally([1] * trials, [1] * struck + [0] * (trials - struck))
    found = domain_share([DomainStratum(1.0, own)], CONFIDENCE, 0.0)
    assert found is not None
    exact = scipy.stats.binomtest(struck, trials).proportion_ci(CONFIDENCE, "exact")
    assert found.low == pytest.approx(exact.low, abs=1e-9)
    assert found.high == pytest.approx(exact.high, abs=1e-9)


def test_trials_that_meet_no_image_of_the_class_tell_nothing() -> None:
    some, none = tally([2, 0, 2, 0], [1, 0, 0, 0]), tally([2, 2], [1, 0])
    assert some == none


def test_untried_strata_leave_no_estimate() -> None:
    met = DomainStratum(0.9, tally([1] * 30, [0] * 30))
    unmet = DomainStratum(0.1, DomainTally())
    assert domain_share([met, unmet], CONFIDENCE, 0.05) is None
    found = domain_share([met, unmet], CONFIDENCE, 0.1)
    assert found is not None
    assert found.high > 0.1  # all that was not tried may do harm


def test_what_was_counted_adds_no_width() -> None:
    counted = DomainStratum(1.0, tally([3, 1], [1, 1]), counted=True)
    found = domain_share([counted], CONFIDENCE, 0.0)
    assert found is not None
    assert found.low == found.estimate == found.high == 0.5


@dataclass(frozen=True)
class World:
    """Events of two strata, images of three classes in batches, and what every pair does.

    Attributes:
        weights: Of the strata.
        harm: One array per stratum: bool (events, images).
        classes: int (images,).
        batches: Of each image.
    """

    weights: tuple[float, float]
    harm: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]
    classes: npt.NDArray[np.int64]
    batches: npt.NDArray[np.int64]

    def truth(self, number: int) -> float:
        """P(SDC | one event, an image of the class)."""
        mine = self.classes == number
        return sum(
            w * float(h[:, mine].mean()) for w, h in zip(self.weights, self.harm, strict=True)
        )

    def sample(self, rng: np.random.Generator, trials: tuple[int, int]) -> list[list[DomainTally]]:
        """Tallies of a campaign: stratum by stratum, class by class; batches by their size."""
        found = []
        for harm, count in zip(self.harm, trials, strict=True):
            events = rng.integers(len(harm), size=count)
            met = self.batches[rng.integers(len(self.batches), size=count)]
            rows = [self._met(harm[e], b) for e, b in zip(events, met, strict=True)]
            found.append(
                [tally([r[0][c] for r in rows], [r[1][c] for r in rows]) for c in range(3)]
            )
        return found

    def _met(self, harm: npt.NDArray[np.bool_], batch: int) -> tuple[list[int], list[int]]:
        mine = self.batches == batch
        images = np.bincount(self.classes[mine], minlength=3)
        struck = np.bincount(self.classes[mine & harm], minlength=3)
        return images.tolist(), struck.tolist()


def world(rng: np.random.Generator, size: int, severe: float, mild: float) -> World:
    """Events that strike whole images alike, classes that lie together in batches as well."""
    images = 60
    classes = rng.choice(3, size=images, p=(0.6, 0.3, 0.1))
    classes[:3] = (0, 1, 2)
    order = np.argsort(rng.random(images) + 0.3 * classes)
    classes = classes[order]
    batches = np.arange(images) // size
    proneness = rng.beta(0.5, 0.5, size=images)

    def struck(rate: float, events: int) -> npt.NDArray[np.bool_]:
        strength = rng.beta(0.2, 0.2 * (1 - rate) / rate, size=events)
        odds = np.clip(strength[:, None] * (0.3 + 1.4 * proneness[None, :]), 0, 1)
        return np.asarray(rng.random((events, images)) < odds)

    return World((0.1, 0.9), (struck(severe, 300), struck(mild, 3000)), classes, batches)


@pytest.mark.parametrize(
    ("size", "severe", "mild", "trials"),
    [
        (1, 0.4, 0.01, (160, 240)),
        (4, 0.4, 0.01, (96, 160)),
        (7, 0.2, 0.002, (64, 160)),
        (60, 0.4, 0.01, (64, 96)),
    ],
)
def test_intervals_of_all_classes_hold_together(
    size: int, severe: float, mild: float, trials: tuple[int, int]
) -> None:
    """Bonferroni over the classes; a class without enough trials promises nothing."""
    rng = np.random.default_rng(size)
    each, missed, known = each_of(3, CONFIDENCE), 0, 0
    for _ in range(REPEATS):
        one = world(rng, size, severe, mild)
        tallies, wrong = one.sample(rng, trials), False
        for number in range(3):
            strata = [
                DomainStratum(w, own[number]) for w, own in zip(one.weights, tallies, strict=True)
            ]
            found = domain_share(strata, each, 0.01)
            if found is not None:
                known += 1
                wrong |= not found.low <= one.truth(number) <= found.high
        missed += wrong
    assert known > 2 * REPEATS
    allowed = (1.0 - CONFIDENCE) * REPEATS
    assert missed <= allowed + 2.0 * allowed**0.5
