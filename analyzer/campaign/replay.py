"""Patterns run again: what each image answered, and whether the edited file answers the same."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Feeds, Result, Run
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.dataset import ArrayDigest
from analyzer.evaluation.outcomes import Outcomes
from analyzer.evaluation.told import Told
from analyzer.faults.models import FaultPattern
from analyzer.runtime.executor import Executor

Marks = npt.NDArray[np.int8]
"""int8 (images,): 0 masked, 1 SDC, 2 DUE."""

Opener = Callable[[], Executor]
"""Gives an executor, opened when it is asked for first."""


@dataclass(frozen=True, slots=True)
class ImageAnswer:
    """One image of a replayed pattern.

    Attributes:
        batch: Index of its batch.
        row: Place in the batch.
        outcome: 0 masked, 1 SDC, 2 DUE.
        golden: The answer without faults; None: the rule tells no class.
        faulty: The answer under the pattern; None likewise, or as there is no answer.
    """

    batch: int
    row: int
    outcome: int
    golden: Told | None
    faulty: Told | None


@dataclass(frozen=True)
class BatchOutputs:
    """The answers to one batch of a replayed pattern.

    Attributes:
        batch: Its index.
        marks: int8 (images,): 0 masked, 1 SDC, 2 DUE.
        golden: The answer without faults.
        faulty: The answer under the pattern.
    """

    batch: int
    marks: Marks
    golden: Result
    faulty: Result


@dataclass(frozen=True)
class Replayed:
    """One pattern that was run again.

    Attributes:
        outcomes: Of all its images together.
        images: The images that are shown, in the order of their batches.
        digest: SHA-256 of all outputs under the pattern.
        compared: Batches on which the oracle ran the pattern as well.
        differing: Those of them on which it answered otherwise.
        outputs: Batch by batch, what was answered; empty unless it was to be kept.
    """

    outcomes: Outcomes
    images: tuple[ImageAnswer, ...]
    digest: str
    compared: int = 0
    differing: int = 0
    outputs: tuple[BatchOutputs, ...] = ()


@dataclass(frozen=True)
class Replay:
    """The way in which patterns are run again.

    Attributes:
        context: Of the campaign.
        oracles: Executors that edit the file: the answer must be that of one of them. Kernels that
            pack weights round otherwise than those that do not, and live weights may follow either.
            One is opened, and loads a pattern, where none before it gives the answer.
        most: Images that are shown of one pattern.
        harmed: Only those are shown that are not masked.
        keep: Outputs are kept.
    """

    context: TrialContext
    oracles: tuple[Opener, ...] = ()
    most: int = 1000
    harmed: bool = False
    keep: bool = False

    def run(self, batches: Sequence[int], pattern: FaultPattern) -> Replayed:
        """Run one pattern.

        Args:
            batches: indices of the batches that meet it.
            pattern: the faults.

        Raises:
            NotRestored: afterwards a weight is not golden.
        """
        golden, executor = self.context.golden, self.context.executor
        total, digest, differing = Outcomes(), ArrayDigest(), 0
        shown: list[tuple[int, int, int]] = []
        kept: dict[int, Result] = {}
        results: dict[int, Result] = {}
        with ExitStack() as stack:
            run = stack.enter_context(executor.inject(pattern))
            edited = _EditedFiles(self.oracles, pattern, stack)
            for index in batches:
                batch = golden.batches[index]
                feeds = batch.feeds(golden.input_name)
                result = run(feeds)
                digest.add(*(result.outputs if isinstance(result, Answer) else ()))
                differing += bool(self.oracles) and not edited.confirm(result, feeds)
                total += golden.judge.outcomes(golden.by_batch[index], result, batch.labels)
                if self.keep:
                    results[index] = result
                found = self._shown(index, result, self.most - len(shown))
                if found:
                    kept[index] = result
                    shown += found
        executor.check_golden()
        images = self._answers(shown, kept)
        compared = len(batches) if self.oracles else 0
        outputs = tuple(map(self._outputs, results.items()))
        return Replayed(total, images, digest.hex, compared, differing, outputs)

    def _outputs(self, found: tuple[int, Result]) -> BatchOutputs:
        """The outputs of a batch, which is run without faults as well."""
        index, result = found
        golden = self.context.golden
        batch = golden.batches[index]
        plain = self.context.executor.run(batch.feeds(golden.input_name))
        written = isinstance(result, Answer) and result.as_written
        marks = np.zeros(batch.images, np.int8)
        if not written:
            marks = golden.judge.classes(golden.by_batch[index], result)
        return BatchOutputs(index, marks, plain, plain if written else result)

    def _shown(self, index: int, result: Result, most: int) -> list[tuple[int, int, int]]:
        """Batch, row and outcome of the images of a batch that are shown."""
        golden = self.context.golden
        if isinstance(result, Answer) and result.as_written:
            marks = np.zeros(golden.batches[index].images, np.int8)
        else:
            marks = golden.judge.classes(golden.by_batch[index], result)
        rows = np.flatnonzero(marks) if self.harmed else np.arange(len(marks))
        return [(index, int(row), int(marks[row])) for row in rows[:most]]

    def _answers(
        self, shown: Sequence[tuple[int, int, int]], kept: dict[int, Result]
    ) -> tuple[ImageAnswer, ...]:
        """The answers to the images that are shown; runs their batches without faults."""
        golden, judge = self.context.golden, self.context.golden.judge
        before: dict[int, Sequence[Told | None]] = {}
        after: dict[int, Sequence[Told | None]] = {}
        for index, result in kept.items():
            batch = golden.batches[index]
            plain = self.context.executor.run(batch.feeds(golden.input_name))
            written = isinstance(result, Answer) and result.as_written
            before[index] = judge.told(plain, batch.images)
            after[index] = judge.told(plain if written else result, batch.images)
        return tuple(
            ImageAnswer(index, row, mark, before[index][row], after[index][row])
            for index, row, mark in shown
        )


@dataclass(frozen=True)
class _EditedFiles:
    """One pattern in edited files, each loaded when those before it answer otherwise."""

    oracles: Sequence[Opener]
    pattern: FaultPattern
    stack: ExitStack
    loaded: list[Run] = field(default_factory=list)

    def confirm(self, result: Result, feeds: Feeds) -> bool:
        """True if one of them gives the same answer, bit for bit.

        Args:
            result: under the pattern.
            feeds: that were fed.
        """
        return any(result.same_as(run(feeds)) for run in self._runs())

    def _runs(self) -> Iterator[Run]:
        yield from tuple(self.loaded)
        for opener in self.oracles[len(self.loaded) :]:
            self.loaded.append(self.stack.enter_context(opener().inject(self.pattern)))
            yield self.loaded[-1]
