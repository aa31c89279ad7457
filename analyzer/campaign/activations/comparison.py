"""A model that returns its activations, compared with the model alone: do both answer the same?

To return a value can keep ONNX Runtime from fusing the nodes around it, and a graph with other
nodes may round otherwise. So some runs are repeated by the oracle, on the model as it is, and the
answers are compared, bit for bit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Result
from analyzer.evaluation.dataset import AnyBatch
from analyzer.faults.models import FaultPattern
from analyzer.runtime.executor import Executor


@dataclass
class AnswersCompared:
    """Runs of the model that returns its activations beside runs of the model alone.

    Attributes:
        oracles: Executors that edit the file of the model alone: the answer must be that of one of
            them. Each is opened where none before it gives the answer, for it takes memory.
        input_name: Name of the model's first input.
        outputs: How many outputs the model alone has.
        golden: Runs without faults that were compared.
        faulty: Runs under a pattern that were compared.
        differing: Those of all that differ.
        largest: Largest difference without faults, as a share of the largest number of an output.
    """

    oracles: Sequence[Callable[[], Executor]]
    input_name: str
    outputs: int
    golden: int = 0
    faulty: int = 0
    differing: int = 0
    largest: float = 0.0

    def compare_golden(self, batch: AnyBatch, result: Result) -> None:
        """Compare a run without faults.

        Args:
            batch: what was fed.
            result: of the model that returns its activations.
        """
        feeds = batch.feeds(self.input_name)
        self.golden += 1
        apart = []
        for oracle in self.oracles:
            other = oracle().run(feeds)
            if self._same(result, other):
                return
            apart.append(self._apart(result, other))
        self.differing += 1
        self.largest = max(self.largest, min(apart))

    def compare_faulty(self, pattern: FaultPattern, batch: AnyBatch, result: Result) -> None:
        """Compare a run under faults.

        Args:
            pattern: the faults.
            batch: what was fed.
            result: of the model that returns its activations.
        """
        feeds = batch.feeds(self.input_name)
        self.faulty += 1
        for oracle in self.oracles:
            with oracle().inject(pattern) as run:
                if self._same(result, run(feeds)):
                    return
        self.differing += 1

    def _same(self, result: Result, other: Result) -> bool:
        if isinstance(result, Answer) and isinstance(other, Answer):
            return Answer(result.outputs[: self.outputs]).same_as(other)
        return result.same_as(other)

    def _apart(self, result: Result, other: Result) -> float:
        """The distance of two answers; infinite where one is none."""
        if not (isinstance(result, Answer) and isinstance(other, Answer)):
            return float("inf")
        pairs = zip(result.outputs[: self.outputs], other.outputs, strict=True)
        return max((_difference(one, two) for one, two in pairs), default=0.0)


def _difference(one: npt.NDArray[np.generic], two: npt.NDArray[np.generic]) -> float:
    """The largest difference of two arrays, as a share of the largest number of the second."""
    if one.shape != two.shape or one.dtype.hasobject or not one.size:
        return 0.0 if one.shape == two.shape else float("inf")
    a, b = np.asarray(one, np.float64), np.asarray(two, np.float64)
    with np.errstate(invalid="ignore"):
        gap, size = np.nanmax(np.abs(a - b)), np.nanmax(np.abs(b))
    return float(gap / size) if size > 0.0 else float(gap)
