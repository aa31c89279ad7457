"""One quantized model by several kernels: do fault-free decisions depend on the processor?"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from analyzer.answers import Feeds, Run
from analyzer.evaluation.dataset import AnyBatch
from analyzer.evaluation.outcome import Judge

NOISE = 2.0
"""Standard deviations beyond which a difference of two accuracies is no accident."""

TIES = 0.02
"""Share of decisions that rounding alone may change: those next to a tie."""


@dataclass(frozen=True, slots=True)
class KernelDifference:
    """The fault-free answers of two ways to run one model.

    Attributes:
        images: Images that both ran.
        right: Score of the first and of the second way, as fractions; without labels 1 and the
            share of decisions that agree.
        only: Images that only the first, and only the second way gets right.
        other: Images whose decision differs.
    """

    images: int
    right: tuple[float, float]
    only: tuple[int, int]
    other: int

    @property
    def beyond_noise(self) -> bool:
        """True if the ways differ by more than images next to a tie explain."""
        first, second = self.only
        scored = abs(first - second) > NOISE * sqrt(first + second)
        return scored or self.other > TIES * self.images


def kernel_difference(
    judge: Judge, first: Run, second: Run, batches: Sequence[AnyBatch], name: str
) -> KernelDifference:
    """Run the same images both ways.

    Args:
        judge: of answers.
        first: the one way.
        second: the other way.
        batches: the images.
        name: of the model's first input.

    Raises:
        GoldenFailed: the model fails without any fault, or answers NaN.
    """
    images = other = 0
    scores: list[list[int]] = [[], []]
    for batch in batches:
        feeds: Feeds = batch.feeds(name)
        answers = [run(feeds) for run in (first, second)]
        golden = [judge.golden(a, batch.labels, batch.images) for a in answers]
        other += int(np.count_nonzero(judge.classes(golden[0], answers[1])))
        images += batch.images
        for kept, found in zip(scores, golden, strict=True):
            kept += found.scores.tolist()
    one, two = (np.array(kept, np.int64) for kept in scores)
    unit = images * judge.metric.denominator
    if not judge.metric.needs_labels:
        return KernelDifference(images, (1.0, 1 - other / images), (0, 0), other)
    only = int(np.count_nonzero(one > two)), int(np.count_nonzero(two > one))
    return KernelDifference(images, (one.sum() / unit, two.sum() / unit), only, other)
