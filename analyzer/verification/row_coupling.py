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
from analyzer.errors import DataMismatch, GoldenFailed, UnclearAnswer
from analyzer.evaluation.dataset import AnyBatch, Dataset, StreamedBatch
from analyzer.evaluation.definition import AnswerDefinition
from analyzer.evaluation.image_axis import FIRST, SIDE, ImageAxis
from analyzer.verification.decisions import judge_of_decisions

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
        """A sentence on the consequence for figures.

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


Define = Callable[[AnyBatch, Answer, Run], AnswerDefinition]
"""Finds the definition of an answer from a batch, the golden answer to it, and a way to run."""


def find_coupling(
    data: Dataset,
    name: str,
    fixed: int | None,
    run: Callable[[], Run],
    cause: Sequence[str] = (),
    define: Define | None = None,
) -> RowCoupling | None:
    """The influence of images of one run on one another; None if none was found.

    Args:
        data: the images.
        name: of the model's first input.
        fixed: images per run, where the model fixes them.
        run: opens the model; called only if several images are run at a time.
        cause: operators of the model that explain a coupling, if there is one.
        define: finds the definition of an answer; None: decisions are not judged, and an output
            has its images along the first axis.
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
    definition = _definition(define, company.batch(range(count)), together, go)
    axes = _plain_axes(together, count) if definition is None else definition.axes
    pairs = zip(others, halves, strict=True)
    if all(_rows(together, rows, axes).same_as(_rows(o, rows, axes)) for o, rows in pairs):
        return None
    moved = None if definition is None else _other_decisions(definition, together, others, halves)
    return RowCoupling(tuple(cause), count, moved)


def _plain_axes(together: Answer, count: int) -> list[ImageAxis]:
    """The axis of images by the sizes alone: the first, where it has as many elements."""
    return [FIRST if output.shape[:1] == (count,) else SIDE for output in together.outputs]


def _definition(
    define: Define | None, batch: AnyBatch, together: Answer, run: Run
) -> AnswerDefinition | None:
    """The definition of an answer; None where nothing tells it."""
    try:
        return None if define is None else define(batch, together, run)
    except (GoldenFailed, UnclearAnswer, DataMismatch):
        return None


@dataclass(frozen=True, slots=True)
class _Company:
    """The first images of a data set, to be run together in any combination."""

    data: Dataset
    name: str
    count: int

    def batch(self, rows: Sequence[int]) -> StreamedBatch:
        """The rows of the data set with these numbers; those that it lacks repeat."""
        at = np.asarray(rows, np.int64) % len(self.data)
        return StreamedBatch(self.data, at, None, self.count)

    def feeds(self, rows: Sequence[int]) -> Feeds:
        """The same as the model takes them."""
        return self.batch(rows).feeds(self.name)


def _rows(answer: Result, rows: range, axes: Sequence[ImageAxis]) -> Result:
    """Some rows of all outputs that have one row for each image."""
    if not isinstance(answer, Answer):
        return answer
    kept: list[npt.NDArray[np.generic]] = []
    for output, axis in zip(answer.outputs, axes, strict=True):
        if axis.axis is not None and output.ndim > axis.axis:
            kept.append(np.moveaxis(output, axis.axis, 0)[rows.start : rows.stop])
    return Answer(tuple(kept))


def _other_decisions(
    definition: AnswerDefinition,
    together: Answer,
    others: Sequence[Result],
    halves: Sequence[range],
) -> int | None:
    """Images whose decision is another in other company; None: there is nothing to judge."""
    count, moved = halves[-1].stop, 0
    try:
        judge = judge_of_decisions(definition, together, count)
        golden = judge.golden(together, None, count)
    except GoldenFailed:
        return None
    for other, rows in zip(others, halves, strict=True):
        moved += int(np.count_nonzero(judge.classes(golden, other)[rows.start : rows.stop]))
    return moved
