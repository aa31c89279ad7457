"""Scores of boxes by labels, against the library that defines COCO's figures."""

import builtins
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import PackageMissing
from analyzer.evaluation.rules.detection.average_precision import (
    PAD,
    f1_scores,
    precision_scores,
)
from analyzer.evaluation.rules.detection.coco import coco_precision
from analyzer.evaluation.rules.pixel_scores import UNITS
from tests.evaluation.rules import slow
from tests.evaluation.rules.slow import Box, Found, table

Labels = list[tuple[Box, int]]


def label_array(images: list[Labels]) -> npt.NDArray[np.float32]:
    """Padded to the longest, and by one row more."""
    rows = np.full((len(images), max(map(len, images)) + 1, 5), PAD, np.float32)
    for i, labels in enumerate(images):
        for place, (box, number) in enumerate(labels):
            rows[i, place] = [*box, number]
    return rows


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x, y = draw(st.integers(0, 6)), draw(st.integers(0, 3))
    width, height = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    return float(x), float(y), float(x + width), float(y + height)


NUMBERS = st.integers(0, 2)
LABELS = st.lists(st.tuples(boxes(), NUMBERS), max_size=5)
SCORES = st.integers(1, 100).map(lambda n: n / 100)


@st.composite
def images(draw: st.DrawFn) -> tuple[list[Found], Labels]:
    """Labels, and found boxes most of which are near to one."""
    labels = draw(LABELS)
    near = [st.builds(Found, st.just(box), SCORES, st.just(number)) for box, number in labels]
    one = st.one_of(*near, st.builds(Found, boxes(), SCORES, NUMBERS))
    return draw(st.lists(one, max_size=8, unique_by=lambda f: f.score)), labels


BATCHES = st.lists(images(), min_size=1, max_size=3)


@settings(max_examples=150, deadline=None)
@given(BATCHES)
def test_average_precision_is_cocos_of_each_image_alone(
    batch: list[tuple[list[Found], Labels]],
) -> None:
    found, labels = table([f for f, _ in batch]), label_array([truth for _, truth in batch])
    scores = precision_scores(found, labels)
    for score, (boxes_found, truth) in zip(scores, batch, strict=True):
        if not truth:
            assert score == (0 if boxes_found else UNITS)
            continue
        alone = coco_precision([table([boxes_found])], [label_array([truth])])
        assert score == pytest.approx(alone.at50 * UNITS, abs=0.51)


@settings(max_examples=100, deadline=None)
@given(BATCHES)
def test_f1_box_by_box(batch: list[tuple[list[Found], Labels]]) -> None:
    found, labels = table([f for f, _ in batch]), label_array([truth for _, truth in batch])
    for score, (boxes_found, truth) in zip(f1_scores(found, labels), batch, strict=True):
        free, hits = list(truth), 0
        for one in sorted(boxes_found, key=lambda f: -f.score):
            rivals = [t for t in free if t[1] == one.number and slow.iou(one.box, t[0]) >= 0.5]
            if rivals:
                most = max(slow.iou(one.box, box) for box, _ in rivals)
                free.remove([t for t in rivals if slow.iou(one.box, t[0]) == most][-1])
                hits += 1
        both = len(boxes_found) + len(truth)
        assert score == pytest.approx(UNITS * (2 * hits / both if both else 1), abs=0.51)


LEFT, RIGHT = (0.0, 0.0, 10.0, 10.0), (20.0, 0.0, 30.0, 10.0)


@pytest.mark.parametrize(
    ("found", "precision", "f1"),
    [
        ([Found(LEFT, 0.9, 0), Found(RIGHT, 0.8, 0)], 1.0, 1.0),
        ([], 0.0, 0.0),
        ([Found(LEFT, 0.9, 0)], 51 / 101, 2 / 3),  # recalls 0 to 0.50 of 101
        ([Found(LEFT, 0.9, 1)], 0.0, 0.0),  # another class
        # A false box ahead of the first true one halves its precision.
        ([Found((50, 50, 60, 60), 0.9, 0), Found(LEFT, 0.8, 0)], 51 / 202, 0.5),
        # A box counts once, however often it is found.
        ([Found(LEFT, 0.9, 0), Found(LEFT, 0.8, 0)], 51 / 101, 0.5),
    ],
)
def test_worked_examples(found: list[Found], precision: float, f1: float) -> None:
    """Two labelled boxes of class 0."""
    labels = label_array([[(LEFT, 0), (RIGHT, 0)]])
    scores = precision_scores(table([found]), labels)
    assert scores.tolist() == [round(precision * UNITS)]
    assert f1_scores(table([found]), labels).tolist() == [round(f1 * UNITS)]


def test_the_pooled_figure_ranks_the_boxes_of_all_images() -> None:
    """A false box in one image comes before the true box of the other: each alone is 0 or 1."""
    found = table([[Found(RIGHT, 0.9, 0)], [Found(LEFT, 0.8, 0)]])
    labels = label_array([[(LEFT, 0)], [(LEFT, 0)]])
    assert precision_scores(found, labels).tolist() == [0, UNITS]
    pooled = coco_precision([found], [labels])
    assert pooled.at50 == pytest.approx(51 / 101 / 2)
    batches = coco_precision(
        [table([[Found(RIGHT, 0.9, 0)]]), table([[Found(LEFT, 0.8, 0)]])], [labels[:1], labels[1:]]
    )
    assert batches == pooled


def test_coco_without_labels_is_nan() -> None:
    nothing = coco_precision([table([[Found(LEFT, 0.5, 0)]])], [label_array([[]])])
    assert np.isnan([nothing.mean, nothing.at50, nothing.at75]).all()


def test_coco_without_boxes_is_zero_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    none_found = coco_precision([table([[]])], [label_array([[(LEFT, 0)]])])
    assert (none_found.mean, none_found.at50, none_found.at75) == (0, 0, 0)
    assert capsys.readouterr().out == ""


def test_a_missing_library_is_named() -> None:
    load = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("pycocotools"):
            raise ImportError(name)
        return load(name, *rest, **more)

    with (
        mock.patch.object(builtins, "__import__", without),
        pytest.raises(PackageMissing, match=r"relcheck-onnx\[detection\]"),
    ):
        coco_precision([], [])
