"""Images of one run that influence one another, found by running them in other company.

Behind `DynamicQuantizeLinear`, for instance, the largest value of any image decides how all images
of the run are rounded. A fault that raises one image's values then reaches the others, so that
figures depend on how many images are run at a time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Feeds, Result, Run
from analyzer.errors import GoldenFailed
from analyzer.evaluation.dataset import Dataset, StreamedBatch
from analyzer.evaluation.metrics import AGREEMENT
from analyzer.evaluation.outcome import Judge

ROWS = 4
"""Images that are run in different company."""


@dataclass(frozen=True, slots=True)
class RowCoupling:
    """Images that influence one another.

    Attributes:
        operators: Names of operators in the graph that explain it; may be empty.
        images: Images that were run in different company.
        other_decisions: Those of them whose fault-free decision depends on it; None: answers of
            this model cannot be judged.
    """

    operators: tuple[str, ...]
    images: int
    other_decisions: int | None

    def sentence(self, batch: int) -> str:
        """What it means for figures, in a sentence.

        Args:
            batch: images per run.
        """
        cause = f" ({', '.join(self.operators)})" if self.operators else ""
        decisions = f", and {self.other_decisions} of {self.images} decisions do"
        if self.other_decisions is None:
            decisions = ""
        return (
            f"Images of one run influence one another{cause}: fault-free answers depend on the "
            f"other images{decisions}. Figures hold for {batch} "
            f"{'image' if batch == 1 else 'images'} per run (--batch)."
        )


def find_coupling(
    data: Dataset, name: str, fixed: int | None, run: Callable[[], Run], cause: Sequence[str] = ()
) -> RowCoupling | None:
    """The influence of images of one run on one another; None if none was found.

    Args:
        data: the images.
        name: of the model's first input.
        fixed: images per run, where the model fixes them.
        run: opens the model; called only if several images are run at a time.
        cause: operators of the model that explain a coupling, if there is one.
    """
    count = fixed or min(ROWS, len(data))
    if count < 2:
        return None
    company, go = _Company(data, name, count), run()
    together = go(company.feeds(range(count)))
    if not isinstance(together, Answer):
        return None
    half = count // 2
    halves = [range(half), range(half, count)]
    others = [
        go(company.feeds([*halves[0], *[0] * (count - half)])),
        go(company.feeds([*[count - 1] * half, *halves[1]])),
    ]
    pairs = zip(others, halves, strict=True)
    if all(_rows(together, rows, count).same_as(_rows(o, rows, count)) for o, rows in pairs):
        return None
    moved = _other_decisions(together, others, halves, count)
    return RowCoupling(tuple(cause), count, moved)


@dataclass(frozen=True, slots=True)
class _Company:
    """The first images of a data set, to be run together in any combination."""

    data: Dataset
    name: str
    count: int

    def feeds(self, rows: Sequence[int]) -> Feeds:
        """The rows of the data set with these numbers; those that it lacks repeat."""
        at = np.asarray(rows, np.int64) % len(self.data)
        return StreamedBatch(self.data, at, None, self.count).feeds(self.name)


def _rows(answer: Result, rows: range, count: int) -> Result:
    """Some rows of all outputs that have one row for each image."""
    if not isinstance(answer, Answer):
        return answer
    kept: list[npt.NDArray[np.generic]] = [
        output[rows.start : rows.stop] for output in answer.outputs if output.shape[:1] == (count,)
    ]
    return Answer(tuple(kept))


def _other_decisions(
    together: Answer, others: Sequence[Result], halves: Sequence[range], count: int
) -> int | None:
    """Images whose decision is another in other company; None: there is nothing to judge."""
    judge, moved = Judge(AGREEMENT), 0
    try:
        golden = judge.golden(together, None, count)
    except GoldenFailed:
        return None
    for other, rows in zip(others, halves, strict=True):
        moved += int(np.count_nonzero(judge.classes(golden, other)[rows.start : rows.stop]))
    return moved
