"""The golden run of a campaign: the fault-free answer to every batch, and what is judged by it."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Result, Run
from analyzer.evaluation.dataset import Batch, digest
from analyzer.evaluation.outcome import Golden, Judge, Outcomes
from analyzer.runtime.executor import Executor


@dataclass(frozen=True)
class GoldenAnswers:
    """The data set in batches, with the fault-free answer to each batch.

    Attributes:
        judge: Compares faulty answers with golden ones.
        input_name: Name of the model's first input.
        batches: The partition of the data set.
        by_batch: The golden answers, one entry per batch.
    """

    judge: Judge
    input_name: str
    batches: tuple[Batch, ...]
    by_batch: tuple[Golden, ...]

    @cached_property
    def images(self) -> int:
        """Images in the data set."""
        return sum(batch.images for batch in self.batches)

    @property
    def metric(self) -> float:
        """Mean score without faults, on all images, in [0, 1]."""
        units = self.images * self.judge.metric.denominator
        return sum(golden.total for golden in self.by_batch) / units

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of what is fed (``inputs``) and of the watched outputs (``golden``)."""
        fed = (batch.feeds(self.input_name).values() for batch in self.batches)
        inputs = digest(*chain.from_iterable(fed))
        golden = hashlib.sha256("".join(golden.digest for golden in self.by_batch).encode())
        return {"inputs": inputs, "golden": golden.hexdigest()}

    @cached_property
    def ends(self) -> npt.NDArray[np.int64]:
        """int64 (batches,): running totals of the batch sizes, in images."""
        return np.cumsum([batch.images for batch in self.batches], dtype=np.int64)

    def outcomes(self, batches: Sequence[int], run: Run) -> Outcomes:
        """Outcomes of one trial.

        Args:
            batches: indices of the batches to run.
            run: answers to feeds, under a fault pattern.
        """
        total = Outcomes()
        for index in batches:
            batch = self.batches[index]
            result = run(batch.feeds(self.input_name))
            total += self.judge.outcomes(self.by_batch[index], result, batch.labels)
        return total

    def crash_outcomes(self, batches: Sequence[int]) -> Outcomes:
        """Outcomes of a trial that ended without any answer: DUE on every image of ``batches``."""
        images = sum(self.batches[index].images for index in batches)
        return self.judge.no_answer(images, sum(self.by_batch[i].total for i in batches))

    def metric_after(self, outcomes: Outcomes) -> float:
        """The metric of a device on which a trial had these outcomes, in [0, 1]."""
        units = outcomes.images * outcomes.denominator
        return self.metric + (outcomes.gained - outcomes.lost) / units


@dataclass(frozen=True)
class GoldenRun:
    """A golden run that is to be made.

    Attributes:
        judge: Takes in the answers.
        input_name: Name of the model's first input.
        batches: The partition of the data set, one batch or more.
        first: The answer to the first batch, where it is known already; it is not run again.
        threads: Batches that are run at the same time, each on one thread, so that the answers do
            not depend on this number.
    """

    judge: Judge
    input_name: str
    batches: tuple[Batch, ...]
    first: Answer | None = None
    threads: int = 1

    def answers(
        self, executor: Executor, step: Callable[[], object] = lambda: None
    ) -> GoldenAnswers:
        """Run every batch once without faults, and fix what the rule takes from the whole data set.

        Args:
            executor: runs the model; from several threads at once, where there are several.
            step: called after each batch.

        Raises:
            GoldenFailed: the fault-free model fails or answers NaN.
        """
        golden = []
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="relcheck-golden")
        try:
            for batch, answer in zip(self.batches, self._answers(executor, pool), strict=True):
                golden.append(self.judge.golden(answer, batch.labels, batch.images))
                step()
        finally:
            # A golden run that fails is a refusal: the rest of the data set must not delay it.
            pool.shutdown(cancel_futures=True)
        judge, found = self.judge.fitted(golden)
        return GoldenAnswers(judge, self.input_name, self.batches, found)

    def _answers(self, executor: Executor, pool: ThreadPoolExecutor) -> Iterator[Result]:
        """The answers in order, few of them ahead: outputs of all batches may exceed memory."""
        known = 0
        if self.first is not None:
            yield self.first
            known = 1
        waiting: deque[Future[Result]] = deque()
        for batch in self.batches[known:]:
            if len(waiting) > self.threads:
                yield waiting.popleft().result()
            waiting.append(pool.submit(executor.run, batch.feeds(self.input_name)))
        while waiting:
            yield waiting.popleft().result()
