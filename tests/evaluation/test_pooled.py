"""Figures of a whole data set, which stand beside the mean over images."""

import builtins
from typing import Any
from unittest import mock

import numpy as np
import pytest

from analyzer.evaluation.metrics import TOP1
from analyzer.evaluation.metrics.boxes import AveragePrecision
from analyzer.evaluation.metrics.pixels import MeanIou, PixelAccuracy
from analyzer.evaluation.outcome import Golden
from analyzer.evaluation.pooled import as_pooling, pooled_remark
from analyzer.evaluation.rules.rule import GoldenDecisions
from tests.evaluation.rules.slow import Found, table
from tests.evaluation.rules.test_detection_scores import label_array

LEFT, RIGHT = (0.0, 0.0, 4.0, 4.0), (8.0, 0.0, 12.0, 4.0)


def golden(decisions: Any, images: int) -> Golden:
    found = mock.create_autospec(Golden, instance=True)
    found.decisions = GoldenDecisions(decisions, (), images)
    return found  # type: ignore[no-any-return]


def test_pooled_miou_sums_pixels_of_all_batches_before_it_divides() -> None:
    labels = [np.array([[[0, 0], [0, 1]]]), np.array([[[1, 1], [255, 1]]])]
    maps = [np.array([[[0, 0], [0, 0]]], np.uint16), np.array([[[1, 1], [0, 0]]], np.uint16)]
    said = pooled_remark(MeanIou(), [golden(m, 1) for m in maps], labels)
    # Class 0: 3 pixels in both, 5 in either; class 1: 2 in both, 4 in either.
    assert f"{(3 / 5 + 2 / 4) / 2:.4f}" in said
    assert "class 1 has the lowest IoU, 0.5000" in said


def test_labels_without_any_class_say_nothing() -> None:
    nothing = np.full((1, 2, 2), 255)
    assert pooled_remark(MeanIou(), [golden(np.zeros((1, 2, 2), np.uint16), 1)], [nothing]) == ""


def test_cocos_figures_rank_the_boxes_of_all_images() -> None:
    found = [table([[Found(LEFT, 0.9, 0)]]), table([[Found(RIGHT, 0.8, 0)]])]
    labels = [label_array([[(LEFT, 0)]]), label_array([[(LEFT, 0)]])]
    said = pooled_remark(AveragePrecision(), [golden(f, 1) for f in found], labels)
    assert "mAP of COCO is 0.5050 (AP50 0.5050, AP75 0.5050)" in said  # 51 of 101 recalls
    assert pooled_remark(AveragePrecision(), [golden(found[0], 1)], [label_array([[]])]) == ""


def test_a_missing_package_is_named() -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("pycocotools"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    found, labels = table([[Found(LEFT, 0.9, 0)]]), label_array([[(LEFT, 0)]])
    with mock.patch.object(builtins, "__import__", without):
        said = pooled_remark(AveragePrecision(), [golden(found, 1)], [labels])
    assert "pycocotools" in said


@pytest.mark.parametrize("metric", [TOP1, PixelAccuracy()])
def test_a_mean_over_images_is_the_usual_figure_of_others(metric: Any) -> None:
    assert as_pooling(metric) is None
    assert pooled_remark(metric, [golden(np.array([1]), 1)], [np.array([1])]) == ""


def test_no_labels_no_figure() -> None:
    assert pooled_remark(MeanIou(), [golden(np.zeros((1, 2, 2), np.uint16), 1)], [None]) == ""
