"""Embeddings: the angle to golden's vector, and the nearest of golden's vectors."""

import math
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analyzer.errors import GoldenFailed
from analyzer.evaluation.rules.embeddings import Cosine, NearestNeighbour, suits
from analyzer.evaluation.rules.facts import OutputFacts
from analyzer.evaluation.rules.rule import GoldenDecisions

NUMBERS = st.integers(-9, 9).map(float)
VECTORS = hnp.arrays(np.float32, (3, 5), elements=NUMBERS).filter(lambda a: a.any(axis=1).all())


def cosine(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    def product(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> float:
        return sum(float(p) * float(q) for p, q in zip(x, y, strict=True))

    return product(a, b) / math.sqrt(product(a, a) * product(b, b))


@given(VECTORS, VECTORS, st.sampled_from([0.05, 0.1, 0.5, 1.0, 1.5]))
def test_an_image_differs_beyond_the_distance(
    before: npt.NDArray[np.float32], after: npt.NDArray[np.float32], distance: float
) -> None:
    rule = Cosine(distance)
    golden = GoldenDecisions(rule.decide((before,), 3), (), 3)
    marks = rule.changed(golden, (after,))
    for mark, a, b in zip(marks, before, after, strict=True):
        turned = 1 - cosine(a, b)
        if abs(turned - distance) > 1e-9:
            assert mark == (turned > distance)


@given(VECTORS, st.sampled_from([0.5, 1.0, 3.0]))
def test_length_is_of_no_effect_and_equal_vectors_are_the_same_at_zero(
    vectors: npt.NDArray[np.float32], scale: float
) -> None:
    rule = Cosine(0.0)
    golden = GoldenDecisions(rule.decide((vectors,), 3), (), 3)
    assert not rule.changed(golden, (vectors,)).any()
    golden = GoldenDecisions(Cosine().decide((vectors,), 3), (), 3)
    assert not Cosine().changed(golden, (vectors * np.float32(scale),)).any()


@given(st.lists(VECTORS, min_size=1, max_size=3), VECTORS)
def test_nearest_neighbour_of_all_batches(
    batches: list[npt.NDArray[np.float32]], after: npt.NDArray[np.float32]
) -> None:
    assert NearestNeighbour().needs_outputs
    rule = NearestNeighbour().fitted([(batch,) for batch in batches])
    assert not rule.needs_outputs
    everything = np.concatenate(batches)
    for batch in batches:
        golden = GoldenDecisions(rule.decide((batch,), 3), (), 3)
        assert not rule.changed(golden, (batch,)).any()
        marks = rule.changed(golden, (after,))
        for mark, own, vector in zip(marks, batch, after, strict=True):
            nearest = max(cosine(vector, other) for other in everything)
            gap = nearest - cosine(vector, own)
            if not 1e-12 < gap < 1e-6:
                assert mark == (gap > 1e-12)


def test_twins_in_the_gallery_are_one() -> None:
    vectors = np.array([[1, 0.0, 3], [1, 0, 3], [0, 1, 0]], np.float32)
    rule = NearestNeighbour().fitted([(vectors,)])
    golden = GoldenDecisions(rule.decide((vectors,), 3), (), 3)
    moved = vectors + np.float32(1e-3) * np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], np.float32)
    assert not rule.changed(golden, (moved,)).any()
    assert rule.changed(golden, (vectors[[0, 2, 0]],)).tolist() == [False, True, True]


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_broken_vectors_count_as_changed(broken: float) -> None:
    vectors = np.eye(3, 5, dtype=np.float32)
    faulty = vectors.copy()
    faulty[1, 0] = broken
    faulty[2] = 0
    for rule in (Cosine(2.0), NearestNeighbour().fitted([(vectors,)])):
        golden = GoldenDecisions(rule.decide((vectors,), 3), (), 3)
        assert rule.changed(golden, (faulty,)).tolist() == [False, True, True]
        assert rule.changed(golden, (vectors[:, :4],)).all()
        with pytest.raises(GoldenFailed, match="no direction"):
            rule.decide((faulty,), 3)
        with pytest.raises(GoldenFailed, match="no embedding"):
            rule.decide((vectors[0],), 3)


def test_huge_numbers_have_a_direction() -> None:
    vectors = np.full((1, 16), 3e38, np.float64) ** 8
    vectors = np.where(np.isfinite(vectors), vectors, 1e300)
    golden = GoldenDecisions(Cosine().decide((vectors,), 1), (), 1)
    assert not Cosine().changed(golden, (vectors,)).any()


def test_rules_state_everything_and_can_be_pickled() -> None:
    one = NearestNeighbour().fitted([(np.eye(2, dtype=np.float32),)])
    other = NearestNeighbour().fitted([(np.eye(2, dtype=np.float32)[::-1],)])
    assert one.parameters["gallery"] == 2
    assert one.parameters != other.parameters
    assert pickle.loads(pickle.dumps(one)).parameters == one.parameters
    assert "2 golden embeddings" in one.sentence()
    assert NearestNeighbour().parameters == {}
    assert "all golden" in NearestNeighbour().sentence()
    assert dict(Cosine(0.2).parameters) == {"distance": 0.2}
    assert "0.2" in Cosine(0.2).sentence()


RANDOM = np.random.default_rng(0)
UNIT = RANDOM.normal(size=(4, 32))
UNIT /= np.linalg.norm(UNIT, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("values", "name", "recognized"),
    [
        (UNIT, "y", True),
        (UNIT[:, :, None, None], "y", True),
        (3 * UNIT, "embedding", True),
        (3 * UNIT, "sentence_embeddings", True),
        (3 * UNIT, "y", False),
        (np.abs(UNIT), "y", False),
        (UNIT[:, :8], "embedding", False),
        (np.eye(4, 32), "probabilities", False),
        (UNIT.reshape(4, 4, 8), "embedding", False),
    ],
)
def test_recognition(values: npt.NDArray[Any], name: str, recognized: bool) -> None:
    found = suits(OutputFacts((name,), (values,), 4))
    assert isinstance(found, Cosine) == recognized, found
