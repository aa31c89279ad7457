"""Some images of a data set, drawn by a seed: as many of each class as its share."""

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.faults.sampling import generator


def sample_rows(
    count: int, labels: npt.NDArray[Any] | None, most: int | None, seed: int
) -> npt.NDArray[np.int64]:
    """Rows that are used: a sample without replacement, stratified by class.

    Systematic sampling (Cochran, Sampling Techniques, 1977, chapter 8): the images stand in a row,
    class behind class and shuffled within each; from a random start, every (count / most)-th is
    taken. So each image is as likely as any other, and each class has its share, rounded up or
    down.

    Args:
        count: rows that there are.
        labels: int64 (count,), the class of each; None, or of another form: they are all of one.
        most: rows that are wanted at most; None: all.
        seed: of the plan.

    Returns:
        int64 (min(count, most),), ascending; all rows where no more than these are wanted.

    >>> labels = np.repeat([0, 1, 2, 3], 25)
    >>> np.bincount(labels[sample_rows(100, labels, 8, 0)]).tolist()
    [2, 2, 2, 2]
    """
    if most is None or most >= count:
        return np.arange(count, dtype=np.int64)
    rng = generator(f"seed={seed}", "images", 0)
    shuffled = rng.permutation(count)
    if labels is not None and are_classes(labels):
        shuffled = shuffled[np.argsort(labels[shuffled], kind="stable")]
    start = rng.random()
    steps = np.floor((np.arange(most) + start) * (count / most)).astype(np.int64)
    return np.sort(shuffled[np.minimum(steps, count - 1)])


def are_classes(labels: npt.NDArray[Any]) -> bool:
    """True for one integer per image, which numbers its class."""
    return labels.ndim == 1 and labels.dtype.kind in "iu"


def say_sample(count: int, labels: npt.NDArray[Any] | None, rows: npt.NDArray[np.int64]) -> str:
    """A sentence on the images that were taken, where not all were.

    Args:
        count: images that there are.
        labels: (count, ...), or None.
        rows: int64 (m,), which are used.
    """
    if len(rows) == count:
        return ""
    told = f"{len(rows):,} of {count:,} images, drawn by the seed"
    if labels is None or not are_classes(labels):
        return told
    classes, every = len(np.unique(labels[rows])), len(np.unique(labels))
    return f"{told} from {classes} of {every} classes by their shares"
