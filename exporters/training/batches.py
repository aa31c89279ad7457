"""Batches of a source: a pure function of seed, epoch and step, made ahead in threads.

Images are decoded when their batch is made, and only the batches that are under way are in memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData
from analyzer.evaluation.sources import ImageSource, MaskedSource
from exporters.torch.optional_package import need
from exporters.training.objective import Batch, MaskedObjective, Objective

if TYPE_CHECKING:
    import torch

Made = TypeVar("Made")

ORDER, AUGMENTATION = 0, 1
"""Streams of random numbers: the order of an epoch, and the augmentation of its images."""


@dataclass(frozen=True)
class Batches:
    """The batches of a training, on the CPU.

    Attributes:
        source: The training images, one or more.
        objective: Makes views of each image.
        size: Images per batch. The images that are left over at the end of an epoch wait for the
            next one; a source with fewer images is one batch.
        seed: Of order and augmentation, 0 or more.
    """

    source: ImageSource
    objective: Objective
    size: int
    seed: int

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return max(1, len(self.source) // self.size)

    @cached_property
    def _labels(self) -> npt.NDArray[np.int64] | None:
        return self.source.labels  # a choice of images gathers them anew each time

    def order(self, epoch: int) -> npt.NDArray[np.int64]:
        """Numbers of the images in the order of an epoch, int64 (n,).

        Args:
            epoch: from 0.
        """
        return np.random.default_rng([self.seed, epoch, ORDER]).permutation(len(self.source))

    def make(self, epoch: int, rows: npt.NDArray[np.int64]) -> Batch:
        """One batch.

        Args:
            epoch: from 0; decides the augmentation.
            rows: int64 (n,), numbers of images.

        Raises:
            BadData: an image cannot be read, or the images do not become of one shape.
        """
        torch = need("torch")
        masked = self.objective if isinstance(self.objective, MaskedObjective) else None
        items = [self._item(epoch, int(row), masked) for row in rows]
        labels, masks = self._labels, [mask for _, mask in items if mask is not None]
        return Batch(
            views=tuple(self._stacked(parts) for parts in zip(*(v for v, _ in items), strict=True)),
            labels=None if labels is None else torch.from_numpy(labels[rows]),
            masks=self._stacked(tuple(masks)) if masks else None,
            rows=torch.from_numpy(rows),
        )

    def _item(
        self, epoch: int, row: int, masked: MaskedObjective | None
    ) -> tuple[tuple[torch.Tensor, ...], torch.Tensor | None]:
        rng = np.random.default_rng([self.seed, epoch, AUGMENTATION, row])
        image = self.source.image(row)
        if masked is None:
            return self.objective.views(image, rng), None
        return masked.masked_views(image, cast(MaskedSource, self.source).mask(row), rng)

    def _stacked(self, parts: tuple[torch.Tensor, ...]) -> torch.Tensor:
        shapes = {tuple(part.shape) for part in parts}
        if len(shapes) > 1:
            first, second = sorted(shapes)[:2]
            raise BadData(
                f"the images of {self.source.name} become inputs of several sizes, {first} and "
                f"{second}: give --crop, or images of one size"
            )
        return cast("torch.Tensor", need("torch").stack(parts))

    def epoch(self, epoch: int, threads: int) -> Generator[Batch, None, None]:
        """The batches of one epoch in their order.

        Args:
            epoch: from 0.
            threads: that make batches ahead; 0: each is made when it is asked for.
        """
        order, steps = self.order(epoch), self.steps
        size = min(self.size, len(order))
        tasks = [order[step * size : (step + 1) * size] for step in range(steps)]
        return ahead(lambda rows: self.make(epoch, rows), tasks, threads)


def ahead(
    make: Callable[[Any], Made], tasks: list[Any], threads: int
) -> Generator[Made, None, None]:
    """The results of tasks in their order, made ahead in threads.

    Besides the one that was handed out, at most ``threads + 1`` results are in memory.

    Args:
        make: does one task.
        tasks: what it is called with.
        threads: 0: nothing is made ahead.
    """
    if not threads:
        yield from map(make, tasks)
        return
    pool = ThreadPoolExecutor(threads, "relcheck-batches")
    under_way: deque[Future[Made]] = deque()
    left = iter(tasks)
    try:
        for _ in range(threads + 1):
            under_way.extend(pool.submit(make, task) for task in _next(left))
        while under_way:
            done = under_way.popleft().result()
            under_way.extend(pool.submit(make, task) for task in _next(left))
            yield done
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _next(left: Iterator[Any]) -> list[Any]:
    """The next task in a list; an empty one if there is none."""
    return [task for task in (next(left, None),) if task is not None]


def in_order(
    source: ImageSource,
    prepare: Callable[[int], Made],
    size: int,
    threads: int,
) -> Iterator[tuple[npt.NDArray[np.int64], list[Made]]]:
    """All images of a source in their own order, for evaluation; the last batch may be smaller.

    Args:
        source: the images.
        prepare: makes something of the image of this number, in a thread.
        size: images per batch.
        threads: as of `ahead`.

    Yields:
        The numbers of the images, int64 (n,), and what was made of each.
    """
    numbers = np.arange(len(source), dtype=np.int64)
    tasks = [numbers[start : start + size] for start in range(0, len(numbers), size)]
    yield from ahead(lambda rows: (rows, [prepare(int(row)) for row in rows]), tasks, threads)
