"""One trial: draw a pattern, run it, judge it. A pure function of the plan and the trial index."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analyzer.campaign.plan import Exposure, Plan
from analyzer.evaluation.dataset import Batch
from analyzer.evaluation.outcome import Golden, Judge, Outcomes
from analyzer.faults import CountLaw
from analyzer.runtime.executor import Executor
from analyzer.sampling import draw_batch, draw_pattern, generator
from analyzer.space import FaultSpace
from analyzer.stats.tally import Tally


@dataclass(frozen=True)
class Bench:
    """Everything that trials share: built once, read by all of them.

    Attributes:
        plan: What is to be done.
        space: The bits at risk.
        executor: Runs the model.
        judge: Decides what a run showed.
        input_name: Name of the model's input.
        batches: The partition of the data set.
        golden: The fault-free answers, one per batch.
    """

    plan: Plan
    space: FaultSpace
    executor: Executor
    judge: Judge
    input_name: str
    batches: tuple[Batch, ...]
    golden: tuple[Golden, ...]

    @property
    def golden_metric(self) -> float:
        """Share of right answers without faults, on all images."""
        return sum(int(g.right.sum()) for g in self.golden) / self.images

    @cached_property
    def images(self) -> int:
        """Images in the data set."""
        return sum(b.images for b in self.batches)

    @property
    def unit(self) -> int:
        """A number that the images of any one trial divide."""
        if self.plan.exposure is Exposure.RESIDENT:
            return self.images
        return math.lcm(*{b.images for b in self.batches})

    @property
    def images_per_trial(self) -> int:
        """Most images that share one pattern."""
        if self.plan.exposure is Exposure.RESIDENT:
            return self.images
        return max(b.images for b in self.batches)

    @cached_property
    def _ends(self) -> npt.NDArray[np.int64]:
        """Running totals of the batch sizes."""
        return np.cumsum([b.images for b in self.batches], dtype=np.int64)

    def law(self, rate: float) -> CountLaw:
        """The count law of one rate."""
        return CountLaw(self.space.bits, rate)

    def trial(self, rate: float, index: int) -> Outcomes:
        """Run trial ``index`` of ``rate``.

        Raises:
            NotRestored: afterwards a weight is not golden.
        """
        rng = generator(self.plan.id, f"rate={rate!r}", index)
        chosen: Sequence[int] = (draw_batch(rng, self._ends),)
        if self.plan.exposure is Exposure.RESIDENT:
            chosen = range(len(self.batches))
        pattern = draw_pattern(rng, self.law(rate), self.plan.fault)
        total = Outcomes()
        with self.executor.inject(pattern) as run:
            for i in chosen:
                batch = self.batches[i]
                result = run({self.input_name: batch.inputs})
                total += self.judge.outcomes(self.golden[i], result, batch.labels)
        return total

    def tally(self, outcomes: Outcomes) -> Tally:
        """The tally of a single trial."""
        o = outcomes
        return Tally.of_trial(self.unit, o.images, o.sdc, o.due, o.masked, o.lost, o.gained)


def set_up_bench(
    plan: Plan,
    space: FaultSpace,
    executor: Executor,
    judge: Judge,
    input_name: str,
    batches: tuple[Batch, ...],
) -> Bench:
    """Run every batch once without faults.

    Raises:
        GoldenFailed: the fault-free model fails or answers NaN.
    """
    golden = tuple(
        judge.golden(executor.run({input_name: b.inputs}), b.labels, b.images) for b in batches
    )
    return Bench(plan, space, executor, judge, input_name, batches, golden)
