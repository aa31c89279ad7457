"""Pixels judged one by one: the share of them that changes, and the IoU of each class by image.

A decision rule says of a whole image that it changed. A segmentation model has more to tell: how
many pixels changed their class without notice, and how well each class is still found. The IoU of a
class is that of each image whose label shows it (`rules/pixel_scores.py`), so that an image without
a class has no part in its figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from analyzer.errors import GoldenFailed
from analyzer.evaluation.dataset import Labels
from analyzer.evaluation.pixel_harm import UNHARMED, PixelHarm
from analyzer.evaluation.rules.pixel_scores import (
    IGNORED,
    UNITS,
    PixelCounts,
    class_scores,
    pixel_counts,
)
from analyzer.evaluation.rules.rule import Bools, DecisionRule, GoldenDecisions, Outputs
from analyzer.evaluation.rules.segmentation import Segmentation

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class GoldenPixels:
    """Golden's answer to the pixels of a batch.

    Attributes:
        numbers: int64 (k,), classes that labels of the batch show; none without labels.
        shown: bool (images, k), the images whose label shows each.
        scores: int64 (images, k), IoU of each in units of 1 / `UNITS`; 0 where it is not shown.
        counts: Pixels of each class, for the pooled IoU; None without labels.
    """

    numbers: Counts
    shown: Bools
    scores: Counts
    counts: PixelCounts | None

    @property
    def by_class(self) -> Mapping[int, tuple[int, int]]:
        """Of each class: how many images show it, and the sum of their scores."""
        images, scores = self.shown.sum(axis=0).tolist(), self.scores.sum(axis=0).tolist()
        return dict(zip(self.numbers.tolist(), zip(images, scores, strict=True), strict=True))

    @property
    def lost(self) -> PixelHarm:
        """The harm of no answer to any image: every IoU is 0, and nothing changes silently."""
        sums = ((number, -score) for number, (_, score) in self.by_class.items())
        return PixelHarm(0, tuple((number, moved) for number, moved in sums if moved))


def golden_pixels(
    rule: DecisionRule, decisions: GoldenDecisions, labels: Labels | None
) -> GoldenPixels | None:
    """Golden's answer to the pixels of a batch; None where decisions are no classes of pixels.

    Args:
        rule: of the answers.
        decisions: golden's.
        labels: (images, ...); labels of another form than the maps count as none.
    """
    if not isinstance(rule, Segmentation):
        return None
    maps = cast(npt.NDArray[Any], decisions.decisions)
    if labels is None or labels.shape != maps.shape or labels.dtype.kind not in "iu":
        empty = np.zeros((len(maps), 0), np.int64)
        return GoldenPixels(np.zeros(0, np.int64), empty.astype(bool), empty, None)
    given = labels[labels != IGNORED]
    classes = int(given.max()) + 1 if given.size else 0
    shown, scores = class_scores(maps, labels, classes)
    numbers = np.flatnonzero(shown.any(axis=0))
    counts = pixel_counts(maps, labels, classes)
    return GoldenPixels(numbers, shown[:, numbers], scores[:, numbers], counts)


def pixel_harm(
    rule: DecisionRule,
    golden: tuple[GoldenDecisions, GoldenPixels | None],
    outputs: Outputs,
    labels: Labels | None,
    due: Bools,
) -> PixelHarm:
    """The harm of one faulty answer to the pixels of a batch.

    Args:
        rule: of the answers.
        golden: golden's decisions, and its answer to the pixels.
        outputs: the faulty rows that the rule judges.
        labels: (images, ...), or None.
        due: bool (images,), detected errors: nothing of them is silent, and every IoU is 0.
    """
    decisions, pixels = golden
    if pixels is None:
        return UNHARMED
    assert isinstance(rule, Segmentation), "of another rule there are no golden pixels"
    before = cast(npt.NDArray[Any], decisions.decisions)
    after = _maps(rule, outputs, before)
    differs = (after != before).reshape(len(before), -1)
    struck = due | differs.any(axis=1)
    if not struck.any():
        return UNHARMED
    share = np.count_nonzero(differs[~due], axis=1) / differs.shape[1]
    changed = int(np.rint(share * UNITS).sum())
    if not len(pixels.numbers):
        return PixelHarm(changed)
    assert labels is not None, "classes are those of labels"
    classes = int(pixels.numbers[-1]) + 1
    _, scores = class_scores(after[struck], labels[struck], classes)
    found = np.where(due[struck][:, None], 0, scores[:, pixels.numbers])
    moved = (found - pixels.scores[struck]).sum(axis=0)
    pairs = zip(pixels.numbers.tolist(), moved.tolist(), strict=True)
    return PixelHarm(changed, tuple((number, by) for number, by in pairs if by))


def _maps(rule: Segmentation, outputs: Outputs, before: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Classes of the pixels; of an answer of another form none that golden has."""
    try:
        after = rule.decide(outputs, len(before))
    except GoldenFailed:
        return np.full_like(before, -1, np.int64)
    return after if after.shape == before.shape else np.full_like(before, -1, np.int64)


def shown_classes(labels: Labels) -> tuple[int, ...]:
    """Classes that the labels of a data set show, ascending."""
    return tuple(int(number) for number in np.unique(labels) if 0 <= number != IGNORED)
