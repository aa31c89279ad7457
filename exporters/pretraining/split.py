"""Images that are left out of a pretraining, to measure features on."""

from __future__ import annotations

import numpy as np

from analyzer.errors import BadData
from analyzer.evaluation.sample import sample_rows
from analyzer.evaluation.sources import ChosenImages, ImageSource

MOST_LEFT_OUT = 5_000
"""Images that are left out at most: more would tell no more."""

LEAST = 2
"""Images that each part needs: BatchNorm needs two."""


def leave_out(source: ImageSource, share: float, seed: int) -> tuple[ChosenImages, ChosenImages]:
    """Divide a source in training images and those left out, of each class its share.

    Args:
        source: all images.
        share: of those that are left out, in (0, 1).
        seed: draws them.

    Raises:
        BadData: there are too few images for two parts.
    """
    count = len(source)
    out = min(MOST_LEFT_OUT, max(LEAST, round(count * share)))
    if count - out < LEAST:
        raise BadData(f"{source.name} has {count} images; pretraining needs 4 or more")
    rows = sample_rows(count, source.labels, out, seed)
    rest = np.setdiff1d(np.arange(count, dtype=np.int64), rows)
    return ChosenImages(source, rest), ChosenImages(source, rows)
