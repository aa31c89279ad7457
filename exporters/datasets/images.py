"""Labelled images in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class LabelledImages:
    """Images and their classes.

    Attributes:
        pixels: uint8 (N, H, W, C).
        labels: int64 (N,).
    """

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]

    @cached_property
    def sha256(self) -> str:
        """Digest of all pixels and labels."""
        sha = hashlib.sha256(np.ascontiguousarray(self.pixels).data)
        sha.update(np.ascontiguousarray(self.labels).data)
        return sha.hexdigest()

    def first(self, count: int) -> LabelledImages:
        """The first ``count`` images."""
        return LabelledImages(self.pixels[:count], self.labels[:count])
