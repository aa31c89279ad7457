"""The axis of images in each output: found by running one row and two, or by the sizes alone.

A row per image is what every decision rule starts from. The file's own names of dimensions are
evidence, but they are often wrong, so that what a run returns decides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Failure, Feeds, Result
from analyzer.model.outputs import OutputSignature

Values = npt.NDArray[Any]
Run = Callable[[Feeds], Result]


@dataclass(frozen=True, slots=True)
class ImageAxis:
    """The place of the images in one output.

    Attributes:
        axis: The axis of images in the model's own order; None: there is none.
        whole: True if the whole output is the answer to the only image of a run.
    """

    axis: int | None = 0
    whole: bool = False

    @property
    def found(self) -> bool:
        """True if every image has a row."""
        return self.whole or self.axis is not None

    def rows(self, output: Values, images: int) -> Values:
        """The output with the axis of images first, without rows that only fill up a batch.

        What has another form than it should is returned as it is: rules tell such an output by its
        shape.

        Args:
            output: as the model returned it.
            images: how many rows count.
        """
        if self.whole:
            return output[None]
        if self.axis == 0:
            if output.shape[:1] >= (images,):
                return output[:images]
        elif self.axis is not None and output.ndim > self.axis:
            moved = np.moveaxis(output, self.axis, 0)
            return moved[:images] if len(moved) >= images else moved
        return output


SIDE = ImageAxis(None)
"""Of an output that has no row per image, such as a loss."""

WHOLE = ImageAxis(None, whole=True)
"""Of a run of one image whose answer has no axis of images."""

FIRST = ImageAxis(0)


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """Facts about the way in which a model is fed.

    Attributes:
        fed: Rows of each run, those that only fill up a batch included.
        fixed: True if the model takes no other number of rows.
        name: Name of the batch dimension in the file; None: it has none.
        dependent: True if sizes of outputs may depend on what is fed.
    """

    fed: int
    fixed: bool
    name: str | None = None
    dependent: bool = False


def find_axes(
    facts: BatchFacts,
    signatures: Sequence[OutputSignature],
    first: Answer,
    run: Run,
    feeds: Feeds,
    few: Callable[[int], Feeds],
) -> tuple[ImageAxis, ...]:
    """The place of the images in every output.

    Args:
        facts: how the model is fed.
        signatures: the outputs, in the model's order.
        first: the answer to ``feeds``.
        run: runs the model without faults.
        feeds: the first batch.
        few: gives the feeds of so many rows.
    """
    one, two = (None, None) if facts.fixed else _one_and_two(run, few)
    if isinstance(one, Answer) and isinstance(two, Answer):
        shapes = zip(one.outputs, two.outputs, first.outputs, signatures, strict=True)
        return tuple(_scaling(a, b, c, facts, s) for a, b, c, s in shapes)
    alone = facts.fed == 1
    finding = _of_one if alone else _of_size
    axes = [finding(o, facts, s) for o, s in zip(first.outputs, signatures, strict=True)]
    unclear = [i for i, axis in enumerate(axes) if isinstance(axis, list)]
    if unclear:
        _by_turning(axes, unclear, first, run, feeds)
    return tuple(axis for axis in axes if isinstance(axis, ImageAxis))


def _one_and_two(run: Run, few: Callable[[int], Feeds]) -> tuple[Result, Result]:
    """Answers to one row, and to two."""
    first = run(few(1))
    return first, Failure("not run") if isinstance(first, Failure) else run(few(2))


def _scaling(
    one: Values, two: Values, all_rows: Values, facts: BatchFacts, signature: OutputSignature
) -> ImageAxis:
    """The axis that has one element for one row, two for two, and as many as were fed for all."""
    if one.ndim == two.ndim - 1 and two.shape[:1] == (2,) and two.shape[1:] == one.shape:
        return FIRST  # a squeeze that takes the axis of images as well
    if not one.ndim == two.ndim == all_rows.ndim:
        return SIDE
    sizes = zip(one.shape, two.shape, all_rows.shape, strict=True)
    axes = [axis for axis, found in enumerate(sizes) if found == (1, 2, facts.fed)]
    named = [axis for axis in axes if _may_be_batch(axis, facts, signature)]
    return ImageAxis((named or axes)[0]) if axes else SIDE


def _may_be_batch(axis: int, facts: BatchFacts, signature: OutputSignature) -> bool:
    """False where the file gives this axis another name than the batch."""
    dims = signature.dims
    if dims is None or axis >= len(dims) or facts.name is None:
        return True
    return not isinstance(dims[axis], str) or dims[axis] == facts.name


def _of_one(output: Values, facts: BatchFacts, signature: OutputSignature) -> ImageAxis:
    """The place of the only image of a run."""
    stated = signature.dims if signature.dims and len(signature.dims) == output.ndim else None
    for axis, size in enumerate(output.shape):
        sure = not facts.dependent or (stated is not None and stated[axis] == 1)
        if size == 1 and sure and _may_be_batch(axis, facts, signature):
            return ImageAxis(axis)
    return WHOLE


def _of_size(
    output: Values, facts: BatchFacts, signature: OutputSignature
) -> ImageAxis | list[int]:
    """The only axis with as many elements as rows were fed; several such axes; or none."""
    axes = [axis for axis, size in enumerate(output.shape) if size == facts.fed]
    named = [axis for axis in axes if _may_be_batch(axis, facts, signature)]
    if len(named) > 1:
        return named
    return ImageAxis(named[0]) if named else SIDE


def _by_turning(
    axes: list[ImageAxis | list[int]],
    unclear: Sequence[int],
    first: Answer,
    run: Run,
    feeds: Feeds,
) -> None:
    """Decide between several axes: rows that change places in the input do so in the output.

    Args:
        axes: by output; the unclear ones are replaced.
        unclear: indices of those.
        first: the answer to ``feeds``.
        run: runs the model without faults.
        feeds: the first batch.
    """
    rows = len(next(iter(feeds.values())))
    turned = run(
        {
            name: np.ascontiguousarray(np.roll(v, 1, axis=0)) if v.shape[:1] == (rows,) else v
            for name, v in feeds.items()
        }
    )
    for index in unclear:
        candidates, before = axes[index], first.outputs[index]
        assert isinstance(candidates, list), "it is unclear"
        if isinstance(turned, Failure) or before.dtype.kind not in "fiub":
            axes[index] = ImageAxis(candidates[0])
            continue
        after = turned.outputs[index]
        distance = {axis: _distance(np.roll(before, 1, axis), after) for axis in candidates}
        axes[index] = ImageAxis(min(candidates, key=lambda axis: (distance[axis], axis)))


def _distance(one: Values, other: Values) -> float:
    """Largest difference of two arrays; infinity if their shapes differ."""
    if one.shape != other.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
    return float(np.nanmax(apart, initial=0.0))
