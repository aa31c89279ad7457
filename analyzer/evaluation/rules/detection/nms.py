"""Non-maximum suppression (NMS): of boxes that overlap, the one with the highest score is kept."""

import numpy as np

from analyzer.evaluation.rules.detection.boxes import Bools, Detections, Ints, overlap


def suppressed(found: Detections, iou: float, by_class: bool = True) -> Detections:
    """The boxes that greedy NMS leaves.

    Of each image the box with the highest score is kept and all that overlap with it by more than
    ``iou`` are dropped; then the same with what is left. All groups take a step at once, so that
    the number of steps is the highest number of boxes that a group keeps.

    Args:
        found: boxes, in the order of `Detections.ordered`.
        iou: from 0 to 1.
        by_class: True: boxes of different classes do not suppress each other.

    Returns:
        The boxes that are left, in the same order.
    """
    return found.chosen(_kept(found, iou, by_class))


def _kept(found: Detections, iou: float, by_class: bool) -> Bools:
    """True for each box that is left: bool (boxes,)."""
    kept = np.zeros(len(found), bool)
    group = _groups(found, by_class)
    # Groups are contiguous here, the highest score first.
    left = np.argsort(group, kind="stable")
    while len(left):
        groups = group[left]
        is_first = np.r_[True, groups[1:] != groups[:-1]]
        first = left[is_first]
        kept[first] = True
        rival = first[np.cumsum(is_first) - 1]
        apart = overlap(found.boxes[left], found.boxes[rival]) <= iou
        left = left[apart & ~is_first]
    return kept


def _groups(found: Detections, by_class: bool) -> Ints:
    """A number for each image, or for each class of an image."""
    if not by_class or not len(found):
        return found.image
    span = found.classes.max() + 1 - min(0, found.classes.min())
    return np.asarray(found.image * span + found.classes)
