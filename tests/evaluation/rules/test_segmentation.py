"""Segmentation: class maps pixel by pixel, changed images, recognition, scores by labels."""

import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analyzer.errors import GoldenFailed
from analyzer.evaluation.rules.facts import OutputFacts
from analyzer.evaluation.rules.pixel_scores import (
    UNITS,
    PixelCounts,
    accuracy_scores,
    iou_scores,
    pixel_counts,
)
from analyzer.evaluation.rules.rule import GoldenDecisions
from analyzer.evaluation.rules.segmentation import NO_CLASS, Segmentation, highest, suits

FLOATS = [np.nan, np.inf, -np.inf, 0.0, -1.0, 1.0, 2.5]


@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float16, np.float64]),
        hnp.array_shapes(min_dims=4, max_dims=4, max_side=4),
        elements=st.sampled_from(FLOATS),
    ),
    st.sampled_from([1, 3]),
)
def test_highest_is_numpys_argmax(scores: npt.NDArray[Any], axis: int) -> None:
    assert highest(scores, axis).tolist() == scores.argmax(axis=axis).tolist()


@given(hnp.arrays(np.uint8, (2, 3, 2, 2), elements=st.integers(0, 3)))
def test_integer_scores_are_compared_as_well(scores: npt.NDArray[np.uint8]) -> None:
    assert highest(scores, 1).tolist() == scores.argmax(axis=1).tolist()


MAPS = hnp.arrays(np.int64, (3, 4, 5), elements=st.integers(0, 3))


@given(MAPS, MAPS, st.sampled_from([0.0, 0.05, 0.1, 0.5, 1.0]), st.sets(st.integers(0, 3)))
def test_changed_images_pixel_by_pixel(
    before: npt.NDArray[np.int64],
    after: npt.NDArray[np.int64],
    share: float,
    classes: set[int],
) -> None:
    rule = Segmentation(0, share, "+".join(map(str, sorted(classes))))
    golden = GoldenDecisions(rule.decide((before,), 3), (), 3)
    expected = []
    for old, new in zip(before.tolist(), after.tolist(), strict=True):
        pairs = [(a, b) for o, n in zip(old, new, strict=True) for a, b in zip(o, n, strict=True)]
        moved = sum(a != b for a, b in pairs)
        lost = any(
            any(a == c for a, _ in pairs) and not any(a == b == c for a, b in pairs)
            for c in classes
        )
        expected.append(moved > share * 20 or lost)
    assert rule.changed(golden, (after,)).tolist() == expected


def test_worked_example() -> None:
    """Of 100 pixels one may change at a share of 1 %, unless it is the last pedestrian."""
    scores = np.zeros((1, 3, 10, 10), np.float32)
    scores[0, 0] = 1
    scores[0, 2, 4, 4] = 2
    faulty = scores.copy()
    faulty[0, 2, 4, 4] = 0
    for classes, changed in (("", False), ("1", False), ("1+2", True)):
        rule = Segmentation(1, 0.01, classes)
        golden = GoldenDecisions(rule.decide((scores,), 1), (), 1)
        assert rule.changed(golden, (scores,)).tolist() == [False]
        assert rule.changed(golden, (faulty,)).tolist() == [changed]
    rule = Segmentation(1, 0.009)
    golden = GoldenDecisions(rule.decide((scores,), 1), (), 1)
    assert rule.changed(golden, (faulty,)).tolist() == [True]


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.float32, np.bool_])
def test_maps_of_classes_as_they_are(dtype: type) -> None:
    classes: npt.NDArray[Any] = np.array([[[0, 1], [1, 0]]]).astype(dtype)
    for values in (classes, classes[:, None], classes[..., None]):
        assert Segmentation(0).decide((values,), 1).tolist() == [[[0, 1], [1, 0]]]


def test_numbers_that_are_no_class_are_told_from_all_classes() -> None:
    values = np.array([[[-1.0, np.nan], [np.inf, 0.5]]])
    assert (Segmentation(0).decide((values,), 1) == NO_CLASS).all()
    big = np.array([[[-5, 2**40, 7]]])
    assert Segmentation(0).decide((big,), 1).tolist() == [[[NO_CLASS, NO_CLASS, 7]]]


def test_one_score_per_pixel_is_compared_with_the_threshold() -> None:
    values = np.array([[[[0.2, 0.5, 0.6, np.nan]]]], np.float32)
    assert Segmentation(-1).decide((values,), 1).tolist() == [[[0, 0, 1, 0]]]
    assert Segmentation(-1, threshold=0.1).decide((values,), 1).tolist() == [[[1, 1, 1, 0]]]


@pytest.mark.parametrize("shape", [(1, 5), (1, 3, 4, 4, 4), (0, 3, 4, 4)])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_other_shapes_are_refused_and_count_as_changed(shape: tuple[int, ...], axis: int) -> None:
    rule, maps = Segmentation(axis), np.zeros((1, 4, 4), np.uint16)
    values = np.zeros(shape, np.float32)
    with pytest.raises(GoldenFailed, match="segmentation"):
        rule.decide((values,), 1)
    assert rule.changed(GoldenDecisions(maps, (), 1), (values,)).tolist() == [True]


def test_another_size_counts_as_changed() -> None:
    rule = Segmentation(1)
    golden = GoldenDecisions(np.zeros((1, 4, 4), np.uint16), (), 1)
    assert rule.changed(golden, (np.zeros((1, 2, 4, 5)),)).tolist() == [True]


def test_rules_can_be_pickled_and_state_everything() -> None:
    rule = Segmentation(-1, 0.02, "3+7", 0.4)
    assert pickle.loads(pickle.dumps(rule)) == rule
    assert dict(rule.parameters) == {
        "axis": -1,
        "share": 0.02,
        "classes": "3+7",
        "threshold": 0.4,
    }
    assert "0.4" in rule.sentence()
    assert "3, 7" in rule.sentence()


def facts(values: npt.NDArray[Any], name: str = "out", operator: str = "Conv") -> OutputFacts:
    return OutputFacts((name,), (values,), len(values), (operator,), (len(values), 3, 32, 48))


RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("values", "name", "operator", "axis"),
    [
        (RANDOM.normal(size=(2, 5, 32, 48)), "out", "Conv", 1),
        (RANDOM.normal(size=(2, 32, 48, 5)), "out", "Conv", 3),
        (RANDOM.normal(size=(2, 150, 8, 12)), "logits", "Conv", 1),
        (RANDOM.integers(0, 9, (2, 32, 48)), "out", "ArgMax", 0),
        (RANDOM.integers(0, 9, (2, 1, 32, 48)), "out", "ArgMax", 0),
        (RANDOM.normal(size=(2, 3, 32, 48)), "out", "Softmax", 1),
        (RANDOM.normal(size=(2, 3, 32, 48)), "segmentation", "Conv", 1),
        (RANDOM.random((2, 1, 32, 48)), "out", "Sigmoid", -1),
        (RANDOM.normal(size=(2, 1, 32, 48)), "mask", "Conv", -1),
    ],
)
def test_segmenters_are_recognized(
    values: npt.NDArray[Any], name: str, operator: str, axis: int
) -> None:
    rule = suits(facts(values, name, operator))
    assert isinstance(rule, Segmentation), rule
    assert rule.axis == axis
    if name == "mask":
        assert rule.threshold == 0.0  # logits


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (RANDOM.normal(size=(2, 10)), "height"),
        (RANDOM.normal(size=(2, 3, 32, 48)), "picture"),
        (RANDOM.normal(size=(2, 1, 32, 48)), "depth"),
        (RANDOM.normal(size=(2, 64, 1, 1)), "per pixel"),
        (RANDOM.normal(size=(2, 255, 2, 3)), "axis"),
        (RANDOM.integers(0, 9, (2, 1, 5, 5)), "per pixel"),
    ],
)
def test_other_models_are_not_taken_for_segmenters(values: npt.NDArray[Any], why: str) -> None:
    reason = suits(facts(values))
    assert isinstance(reason, str)
    assert why in reason


LABELS = hnp.arrays(np.int64, (3, 4, 5), elements=st.sampled_from([0, 1, 2, 255]))


@settings(max_examples=200)
@given(MAPS, LABELS)
def test_scores_pixel_by_pixel(
    answers: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]
) -> None:
    accuracy, mean_iou = [], []
    both, either = [0] * 4, [0] * 4
    for answer, label in zip(answers, labels, strict=True):
        pairs = [(a, b) for a, b in zip(answer.flat, label.flat, strict=True) if b != 255]
        accuracy.append(sum(a == b for a, b in pairs) / len(pairs) if pairs else 1.0)
        ious = []
        for number in range(4):
            inter = sum(a == b == number for a, b in pairs)
            union = sum(number in (a, b) for a, b in pairs)
            both[number] += inter
            either[number] += union
            if any(b == number for _, b in pairs):
                ious.append(inter / union)
        mean_iou.append(sum(ious) / len(ious) if ious else 1.0)
    assert np.abs(accuracy_scores(answers, labels) - np.array(accuracy) * UNITS).max() <= 0.51
    assert np.abs(iou_scores(answers, labels, 4) - np.array(mean_iou) * UNITS).max() <= 0.51
    counts = pixel_counts(answers, labels, 4)
    assert counts.both.tolist() == both
    assert counts.either.tolist() == either
    halves = pixel_counts(answers[:1], labels[:1], 4) + pixel_counts(answers[1:], labels[1:], 4)
    assert (halves.both.tolist(), halves.either.tolist()) == (both, either)


def test_pooled_and_mean_differ_where_a_class_is_small_in_one_image() -> None:
    """Class 1 has one pixel, missed, in image 0, and four, found, in image 1."""
    labels, answers = np.zeros((2, 2, 5), np.int64), np.zeros((2, 2, 5), np.int64)
    labels[0, 0, 0] = 1
    labels[1, 0, :4] = answers[1, 0, :4] = 1
    assert iou_scores(answers, labels, 2).tolist() == [450_000, UNITS]  # (0 + 9/10) / 2
    counts = pixel_counts(answers, labels, 2)
    assert counts.class_iou.tolist() == [15 / 16, 4 / 5]
    assert counts.mean_iou == pytest.approx((15 / 16 + 4 / 5) / 2)


def test_images_without_a_label_score_one_and_no_class_is_nan() -> None:
    nothing = np.full((1, 2, 2), 255)
    assert iou_scores(np.zeros((1, 2, 2), int), nothing, 3).tolist() == [UNITS]
    assert accuracy_scores(np.zeros((1, 2, 2), int), nothing).tolist() == [UNITS]
    empty = PixelCounts(np.zeros(3, np.int64), np.zeros(3, np.int64))
    assert np.isnan(empty.mean_iou)
    assert np.isnan(empty.class_iou).all()


def test_answers_beyond_the_classes_are_wrong_and_of_no_class() -> None:
    answers = np.full((1, 1, 2), NO_CLASS, np.uint16)
    assert iou_scores(answers, np.zeros((1, 1, 2), int), 2).tolist() == [0]
    assert accuracy_scores(answers, np.zeros((1, 1, 2), int)).tolist() == [0]
