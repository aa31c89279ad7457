"""A share of a data set set aside for validation: the same images for the same seed."""

from __future__ import annotations

import numpy as np

from analyzer.errors import BadOption
from analyzer.evaluation.sources import ChosenImages, ImageSource

HELD_OUT = 2
"""Stream of random numbers, besides those of `exporters.training.batches`."""


def hold_out(source: ImageSource, share: float, seed: int) -> tuple[ChosenImages, ChosenImages]:
    """Divide a source, of each class its share; both parts keep the order of the source.

    Args:
        source: two images or more.
        share: of the second part, in (0, 1).
        seed: of the choice.

    Returns:
        The larger part, and the one that is held out.

    Raises:
        BadOption: one part would have no image.
    """
    rng, count = np.random.default_rng([seed, HELD_OUT]), len(source)
    labels = np.zeros(count, np.int64) if source.labels is None else source.labels
    chosen = np.zeros(count, bool)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        chosen[rows[: round(share * len(rows))]] = True
    if chosen.all() or not chosen.any():
        raise BadOption(
            f"--held-out {share:g} of {count:,} images leaves none to train on or none to validate "
            "on; give --validation, or another share"
        )
    first, second = (np.flatnonzero(part).astype(np.int64) for part in (~chosen, chosen))
    return ChosenImages(source, first), ChosenImages(source, second)
