"""Sentences on pixels: the class whose IoU falls, where an interval says that it does."""

from analyzer.reports.shared.pixels import (
    ClassIouPart,
    GoldenClassPart,
    PixelsPart,
    pixel_lines,
)
from analyzer.reports.shared.records import IntervalPart


def interval(low: float, point: float, high: float) -> IntervalPart:
    return IntervalPart(estimate=point, low=low, high=high)


GOLDEN = [
    GoldenClassPart(index=0, name="", images=4, iou=0.8, pooled_iou=0.82),
    GoldenClassPart(index=3, name="road", images=2, iou=0.6, pooled_iou=0.5),
]


def part(*ious: IntervalPart) -> PixelsPart:
    classes = [
        ClassIouPart(index=golden.index, trials=9, iou=iou)
        for golden, iou in zip(GOLDEN, ious, strict=True)
    ]
    changed = interval(0.01, 0.02, 0.04)
    return PixelsPart(changed=changed, classes=classes, confidence=0.975, joint=0.95)


def test_the_class_that_falls_most_is_named() -> None:
    found = part(interval(0.6, 0.7, 0.75), interval(0.2, 0.3, 0.4))
    assert list(pixel_lines(GOLDEN, [("1e-6", found)])) == [
        "",
        "Pixels, and IoU by class over the images that show a class:",
        "1e-6: 2.0 % (1.0 – 4.0 %) of an image's pixels silently change class; IoU falls most in "
        "class 3 road, from 60.0 to 30.0 % (20.0 – 40.0 %).",
    ]


def test_no_class_is_named_where_none_surely_falls() -> None:
    found = part(interval(0.6, 0.7, 0.81), interval(0.5, 0.55, 0.6))
    *_, said = pixel_lines(GOLDEN, [("1e-6", found)])
    assert said == "1e-6: 2.0 % (1.0 – 4.0 %) of an image's pixels silently change class."


def test_without_labels_there_is_the_share_alone_and_without_figures_nothing() -> None:
    found = PixelsPart(changed=None, classes=[], confidence=0.95, joint=0.95)
    *_, said = pixel_lines(None, [("1e-6", found)])
    assert said == "1e-6: – of an image's pixels silently change class."
    assert list(pixel_lines(None, [])) == []
