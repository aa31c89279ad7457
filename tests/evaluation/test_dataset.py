"""Batches are a partition of the data set, the same for the same seed."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.evaluation.dataset import DataKind, Dataset, digest, make_batches

SIZES = st.integers(1, 9)
COUNTS = st.integers(1, 30)
SEEDS = st.integers(0, 2**32)


def numbered(count: int) -> Dataset:
    """Images that hold their own number; label = 10 * number."""
    images = np.arange(count, dtype=np.float32).reshape(-1, 1)
    return Dataset(DataKind.NPZ, "n.npz", images, 10 * np.arange(count), "00" * 32)


@given(COUNTS, SIZES, SEEDS)
def test_batches_hold_every_image_once(count: int, size: int, seed: int) -> None:
    batches = make_batches(numbered(count), size, seed, fixed=False)
    seen = Counter(int(x) for b in batches for x in b.inputs[:, 0])
    assert seen == Counter(range(count))
    assert [b.images for b in batches[:-1]] == [size] * (len(batches) - 1)
    assert all(len(b.inputs) == b.images for b in batches)


@given(COUNTS, SIZES, SEEDS)
def test_a_fixed_batch_is_padded_and_the_padding_does_not_count(
    count: int, size: int, seed: int
) -> None:
    batches = make_batches(numbered(count), size, seed, fixed=True)
    assert {len(b.inputs) for b in batches} == {size}
    seen = Counter(int(x) for b in batches for x in b.inputs[: b.images, 0])
    assert seen == Counter(range(count))


@given(COUNTS, SIZES, SEEDS, st.booleans())
def test_labels_stay_with_their_images(count: int, size: int, seed: int, fixed: bool) -> None:
    for batch in make_batches(numbered(count), size, seed, fixed):
        assert batch.labels is not None
        assert batch.labels.tolist() == [10 * int(x) for x in batch.inputs[: batch.images, 0]]


def order(seed: int) -> list[int]:
    batches = make_batches(numbered(30), 4, seed, fixed=False)
    return [int(x) for b in batches for x in b.inputs[:, 0]]


def test_the_seed_alone_decides_the_order() -> None:
    assert order(0) == order(0)
    assert order(0) != order(1)
    assert order(0) != sorted(order(0))


def test_first_images_keep_their_labels_and_their_source() -> None:
    data = numbered(9)
    first = data.first(4)
    assert first.inputs[:, 0].tolist() == [0, 1, 2, 3]
    assert first.labels is not None
    assert first.labels.tolist() == [0, 10, 20, 30]
    assert (first.kind, first.name, first.sha256) == (data.kind, data.name, data.sha256)


def test_digest_tells_type_shape_and_content_apart() -> None:
    zeros = np.zeros((2, 3), np.float32)
    others = [zeros.reshape(3, 2), zeros.view(np.int32), zeros + 1, zeros[:1]]
    digests = {digest(array) for array in [zeros, *others]}
    assert len(digests) == 1 + len(others)
    assert digest(zeros) == digest(np.zeros((3, 2), np.float32).T.copy("F"))
