"""A sample has as many images of each class as its share, and is the seed's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.evaluation.sample import sample_rows

SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=12)
SEEDS = st.integers(0, 2**32)


@given(SIZES, st.floats(0.01, 1.2), SEEDS)
def test_every_class_has_its_share_rounded_up_or_down(
    sizes: list[int], part: float, seed: int
) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    labels = np.random.default_rng(seed).permutation(labels)
    most = max(1, int(part * len(labels)))
    rows = sample_rows(len(labels), labels, most, seed)
    assert len(set(rows.tolist())) == len(rows) == min(most, len(labels))
    assert (np.diff(rows) > 0).all()
    found = np.bincount(labels[rows], minlength=len(sizes))
    share = np.array(sizes) * min(1.0, most / len(labels))
    assert (np.abs(found - share) < 1 + 1e-9).all()


@given(st.integers(1, 100), st.integers(1, 200), SEEDS)
def test_without_labels_it_is_a_sample_all_the_same(count: int, most: int, seed: int) -> None:
    rows = sample_rows(count, None, most, seed)
    assert len(set(rows.tolist())) == min(count, most)
    assert 0 <= rows.min() <= rows.max() < count


def test_all_images_are_as_likely() -> None:
    labels = np.repeat([0, 1, 2], [2, 7, 11])
    drawn = [sample_rows(20, labels, 7, seed) for seed in range(3000)]
    share = np.bincount(np.concatenate(drawn), minlength=20) / len(drawn)
    # Five standard deviations of a share of 0.35 in 3000 draws.
    assert (np.abs(share - 7 / 20) < 5 * np.sqrt(0.35 * 0.65 / 3000)).all()


def test_the_seed_alone_decides() -> None:
    labels = np.repeat([0, 1], 50)
    first, again, other = (sample_rows(100, labels, 30, seed).tolist() for seed in (1, 1, 2))
    assert first == again != other
    assert sample_rows(100, labels, None, 1).tolist() == list(range(100))
