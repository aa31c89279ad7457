"""The golden run of a campaign: the fault-free answer to every batch, and what is judged by it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Feeds, Run
from analyzer.evaluation.dataset import AnyBatch, ArrayDigest, StreamedBatch, digest
from analyzer.evaluation.lookahead import map_ahead
from analyzer.evaluation.outcome import Golden, Judge
from analyzer.evaluation.outcomes import Outcomes
from analyzer.runtime.executor import Executor
from analyzer.runtime.partial.golden_cache import Cache, SharedRuns


@dataclass(frozen=True)
class GoldenAnswers:
    """The data set in batches, with the fault-free answer to each batch.

    Attributes:
        judge: Compares faulty answers with golden ones.
        input_name: Name of the model's first input.
        batches: The partition of the data set.
        by_batch: The golden answers, one entry per batch.
        fed: Digest of what is fed, where it is too large to be made again for that; else empty.
    """

    judge: Judge
    input_name: str
    batches: tuple[AnyBatch, ...]
    by_batch: tuple[Golden, ...]
    fed: str = ""

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
        inputs = self.fed or digest(*chain.from_iterable(fed))
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
        none = (self.judge.no_answer(self.by_batch[index]) for index in batches)
        return sum(none, start=Outcomes())

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
    batches: tuple[AnyBatch, ...]
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
        sha = ArrayDigest() if is_streamed(self.batches) else None
        known = list(self._fed(self.batches[:1], sha)) if self.first else []
        waiting = self._fed(self.batches[len(known) :], sha)
        # Closed early, where a golden run fails: the rest of the data set must not delay a refusal.
        with closing(map_ahead(executor.run, waiting, self.threads, "relcheck-golden")) as answers:
            every = chain((self.first,), answers) if self.first else answers
            for batch, answer in zip(self.batches, every, strict=True):
                golden.append(self.judge.golden(answer, batch.labels, batch.images))
                step()
        fed = sha.hex if sha else ""
        judge, found = self.judge.fitted(golden)
        return GoldenAnswers(judge, self.input_name, self.batches, found, fed)

    def _fed(self, batches: Sequence[AnyBatch], sha: ArrayDigest | None) -> Iterator[Feeds]:
        """The feeds of batches, one by one, digested on the way where ``sha`` is given."""
        for batch in batches:
            feeds = batch.feeds(self.input_name)
            if sha is not None:
                sha.add(*feeds.values())
            yield feeds


def is_streamed(batches: Sequence[AnyBatch]) -> bool:
    """True if batches are made whenever they are run."""
    return isinstance(batches[0], StreamedBatch)


def cache_for(batches: Sequence[AnyBatch], size: int, shared: SharedRuns | None = None) -> Cache:
    """The cache of golden values for a data set.

    Golden values are found again by the arrays that were fed, which would have to be kept: there is
    no cache where batches are made anew each time.

    Args:
        batches: all that are run.
        size: bytes that golden values may take.
        shared: memory that processes have in common for them.
    """
    return Cache(0 if is_streamed(batches) else size, len(batches), shared)
