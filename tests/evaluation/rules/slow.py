"""Slow and obvious versions of what the rules compute, one number at a time."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.evaluation.rules.detection.boxes import Detections

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Found:
    """One box."""

    box: Box
    score: float
    number: int


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    if tuple(a) == tuple(b):
        return 1.0
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if not (width > 0 and height > 0):
        return 0.0
    common = width * height

    def area(c: Sequence[float]) -> float:
        return max(c[2] - c[0], 0.0) * max(c[3] - c[1], 0.0)

    return common / (area(a) + area(b) - common)


def nms(found: Sequence[Found], limit: float, by_class: bool = True) -> list[Found]:
    """Greedy suppression of the boxes of one image, as textbooks have it."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: -f.score):
        rivals = [k for k in kept if k.number == one.number or not by_class]
        if all(iou(one.box, k.box) <= limit for k in rivals):
            kept.append(one)
    return kept


def same(first: Sequence[Found], second: Sequence[Found], limit: float) -> bool:
    """True if some order of the second pairs with the first; all orders are tried."""
    if len(first) != len(second):
        return False
    return any(
        all(
            a.number == b.number and iou(a.box, b.box) >= limit
            for a, b in zip(first, order, strict=True)
        )
        for order in itertools.permutations(second)
    )


def table(images: Sequence[Sequence[Found]]) -> Detections:
    """Boxes of a batch, in order."""
    rows = [(i, f) for i, found in enumerate(images) for f in found]
    return Detections(
        np.array([i for i, _ in rows], np.int64),
        np.array([f.box for _, f in rows], np.float64).reshape(-1, 4),
        np.array([f.score for _, f in rows], np.float64),
        np.array([f.number for _, f in rows], np.int64),
    ).ordered()


def listed(found: Detections, images: int) -> list[list[Found]]:
    """The table taken apart."""
    result: list[list[Found]] = [[] for _ in range(images)]
    columns: Any = zip(found.image, found.boxes, found.scores, found.classes, strict=True)
    for image, box, score, number in columns:
        x1, y1, x2, y2 = box.tolist()
        result[int(image)].append(Found((x1, y1, x2, y2), float(score), int(number)))
    return result


def edit_distance(a: Sequence[int], b: Sequence[int]) -> int:
    """By recursion on the first tokens."""
    if not a or not b:
        return len(a) + len(b)
    if a[0] == b[0]:
        return edit_distance(a[1:], b[1:])
    return 1 + min(edit_distance(a[1:], b), edit_distance(a, b[1:]), edit_distance(a[1:], b[1:]))


def ctc(steps: Sequence[int], blank: int) -> list[int]:
    return [token for token, _ in itertools.groupby(steps) if token != blank]
