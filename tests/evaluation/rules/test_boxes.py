"""Boxes: overlap, suppression and matching against slow versions of the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.evaluation.rules.detection.boxes import Detections, corners, overlap, rank_in_image
from analyzer.evaluation.rules.detection.matching import images_that_differ
from analyzer.evaluation.rules.detection.nms import suppressed
from tests.evaluation.rules import slow
from tests.evaluation.rules.slow import Found, listed, table

SIDES = st.integers(0, 6)


@st.composite
def boxes(draw: st.DrawFn) -> slow.Box:
    """Small whole numbers, so that overlaps are often equal and sometimes at a threshold."""
    x, y, width, height = (draw(SIDES) for _ in range(4))
    return float(x), float(y), float(x + width), float(y + height)


def found(most: int) -> st.SearchStrategy[list[Found]]:
    scores = st.integers(1, 50).map(lambda n: n / 50)
    one = st.builds(Found, boxes(), scores, st.integers(-1, 2))
    return st.lists(one, max_size=most, unique_by=lambda f: f.score)


def batches(most: int) -> st.SearchStrategy[list[list[Found]]]:
    return st.lists(found(most), min_size=1, max_size=4)


@given(boxes(), boxes())
def test_overlap_is_that_of_counted_squares(a: slow.Box, b: slow.Box) -> None:
    def squares(box: slow.Box) -> set[tuple[int, int]]:
        x1, y1, x2, y2 = map(int, box)
        return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}

    either = squares(a) | squares(b)
    share = len(squares(a) & squares(b)) / len(either) if either else 0.0
    assert float(overlap(np.array(a), np.array(b))) == (1.0 if a == b else share)


@pytest.mark.parametrize(
    "box",
    [
        [np.nan, 0, 1, 1],
        [0, 0, np.inf, 1],
        [-np.inf, -np.inf, np.inf, np.inf],
        [1, 1, 0, 0],
        [0, 0, 3e38, 3e38],
        [0, 0, 1e300, 1e300],
    ],
)
def test_broken_boxes_overlap_with_no_other(box: list[float]) -> None:
    sound = np.array([0.0, 0.0, 1.0, 1.0])
    assert float(overlap(np.array(box), sound)) < 0.01
    with_itself = float(overlap(np.array(box), np.array(box)))
    assert with_itself == (0.0 if np.isnan(box).any() else 1.0)


def test_corners_of_a_center_box() -> None:
    assert corners(np.array([[10, 20, 4, 8]], np.float32)).tolist() == [[8, 16, 12, 24]]


@given(batches(8), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.booleans())
def test_suppression_is_the_greedy_one(
    images: list[list[Found]], limit: float, by_class: bool
) -> None:
    left = listed(suppressed(table(images), limit, by_class), len(images))
    assert left == [slow.nms(image, limit, by_class) for image in images]


def test_suppression_of_nothing() -> None:
    assert len(suppressed(table([[], []]), 0.5)) == 0


def test_equal_scores_keep_the_first() -> None:
    twins = [Found((0, 0, 4, 4), 0.5, 1), Found((0, 0, 4, 5), 0.5, 1)]
    assert listed(suppressed(table([twins]), 0.5), 1) == [[twins[0]]]


@given(st.data(), batches(4), st.sampled_from([0.25, 0.5, 1.0]))
def test_images_differ_unless_some_order_pairs_all_boxes(
    data: st.DataObject, before: list[list[Found]], limit: float
) -> None:
    after = [_disturbed(data, image) for image in before]
    marks = images_that_differ(table(before), table(after), len(before), limit)
    expected = [not slow.same(a, b, limit) for a, b in zip(before, after, strict=True)]
    assert marks.tolist() == expected


def _disturbed(data: st.DataObject, image: list[Found]) -> list[Found]:
    """Another order, other scores, some boxes moved, one perhaps gone or of another class."""
    moved = []
    for one in data.draw(st.permutations(image)):
        shift = data.draw(st.sampled_from([0, 0, 0, 1, 3]))
        x1, y1, x2, y2 = one.box
        number = data.draw(st.sampled_from([one.number, one.number, one.number, 7]))
        score = data.draw(st.integers(1, 50)) / 50
        moved.append(Found((x1 + shift, y1, x2 + shift, y2), score, number))
    return moved[data.draw(st.sampled_from([0, 0, 0, 1])) :]


def test_partners_may_stand_in_another_order() -> None:
    """Greedy matching by score would give the first box the partner that the second needs."""
    a, b = Found((0, 0, 10, 10), 0.9, 0), Found((4, 0, 14, 10), 0.8, 0)
    c, d = Found((3, 0, 13, 10), 0.9, 0), Found((-4, 0, 6, 10), 0.8, 0)
    # c overlaps with a and b, d with a alone.
    assert slow.iou(a.box, c.box) > slow.iou(a.box, d.box) > 0.4
    assert slow.iou(b.box, d.box) < 0.4 < slow.iou(b.box, c.box)
    assert images_that_differ(table([[a, b]]), table([[c, d]]), 1, 0.4).tolist() == [False]


def test_rank_and_best() -> None:
    images = [
        [Found((0, 0, 1, 1), s / 10, 0) for s in range(1, 4)],
        [],
        [Found((0, 0, 1, 1), 1, 0)],
    ]
    best = table(images).best(2)
    assert best.scores.tolist() == [0.3, 0.2, 1.0]
    assert best.counts(3).tolist() == [2, 0, 1]
    assert rank_in_image(best.image).tolist() == [0, 1, 0]
    assert isinstance(best.of(1), Detections)
    assert len(best.of(1)) == 0
