"""The same patterns on two devices: the outcomes that differ, and the distance of the answers.

Kernels of different devices add in different orders, so that answers differ in their last bits
without any fault. A campaign depends only on whether an image is masked, SDC or DUE.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from analyzer.answers import Answer, Feeds, Result
from analyzer.evaluation.definition import AnswerDefinition
from analyzer.evaluation.metrics import AGREEMENT
from analyzer.evaluation.outcome import Judge
from analyzer.faults.models import FaultPattern
from analyzer.runtime.executor import Executor
from analyzer.stats.intervals import Interval, cluster_proportion
from analyzer.stats.tally import Moments
from analyzer.verification.faulty_run import run_under


@dataclass(frozen=True, slots=True)
class DeviceDifference:
    """Result of the comparison.

    Attributes:
        patterns: Patterns that ran on both devices.
        images: Images under each pattern.
        same_bits: Patterns whose answers are bit-identical.
        same_outcomes: Patterns whose answers differ, but no image's outcome.
        differing: Images with another outcome, and their squares, summed over patterns.
        golden_spread: Largest difference of the fault-free answers, as a share of their range.
    """

    patterns: int
    images: int
    same_bits: int
    same_outcomes: int
    differing: Moments
    golden_spread: float

    @property
    def other_outcomes(self) -> int:
        """Patterns under which some image has another outcome."""
        return self.patterns - self.same_bits - self.same_outcomes

    def share(self, confidence: float) -> Interval:
        """Share of trials (one pattern, one image) with another outcome, with its interval."""
        runs = self.patterns * self.images
        return cluster_proportion(self.differing, self.patterns, self.images, runs, confidence)


def run_on_both(
    one: Executor,
    other: Executor,
    feeds: Feeds,
    definition: AnswerDefinition,
    images: int,
    patterns: Iterable[FaultPattern],
    progress: Callable[[int], None],
) -> DeviceDifference:
    """Run every pattern on both devices, each judged by its own fault-free answer.

    Args:
        one: runs on the first device.
        other: runs on the second device.
        feeds: one batch, by the names of the model's inputs.
        definition: what an answer is; the metric does not matter.
        images: rows of the batch that count, 1 or more.
        patterns: the faults.
        progress: called with the index of each pattern that is done.

    Raises:
        GoldenFailed: a fault-free model fails or answers NaN.
    """
    plain = Judge(replace(definition, metric=AGREEMENT, scored=None))
    unharmed = [executor.run(feeds) for executor in (one, other)]
    judge, _ = plain.fitted([plain.golden(unharmed[0], None, images)])
    golden = [judge.golden(answer, None, images) for answer in unharmed]
    count = same_bits = same_outcomes = 0
    differing = Moments()
    for index, pattern in enumerate(patterns):
        answers = [run_under(executor, pattern, feeds) for executor in (one, other)]
        marks = [judge.classes(g, a) for g, a in zip(golden, answers, strict=True)]
        moved = int(np.count_nonzero(marks[0] != marks[1]))
        identical = answers[0].same_as(answers[1])
        count, same_bits = count + 1, same_bits + identical
        same_outcomes += not identical and not moved
        differing += Moments(moved, moved * moved)
        progress(index)
    return DeviceDifference(count, images, same_bits, same_outcomes, differing, _spread(*unharmed))


def _spread(one: Result, other: Result) -> float:
    """Largest difference of two fault-free answers over the range of the first's numbers."""
    assert isinstance(one, Answer), "golden has been judged"
    assert isinstance(other, Answer), "golden has been judged"
    largest = 0.0
    for a, b in zip(one.outputs, other.outputs, strict=True):
        if a.dtype.kind not in "fiu" or not a.size or Answer((a,)).same_as(Answer((b,))):
            continue
        if a.shape != b.shape:
            return float("inf")
        first, second = a.astype(np.float64), b.astype(np.float64)
        finite = np.isfinite(first) & np.isfinite(second)
        if not finite.any():
            continue
        span = float(np.ptp(first[finite])) or 1.0
        largest = max(largest, float(np.abs(first - second)[finite].max()) / span)
    return largest
