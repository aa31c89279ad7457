"""The task of segmentation, as the training engine knows tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from analyzer.evaluation.rules.pixel_scores import IGNORED
from analyzer.evaluation.sources import ImageSource, MaskedSource

if TYPE_CHECKING:
    from exporters.training.objective import Objective
    from exporters.training.tasks import TaskSettings


class SegmentationTask:
    """A class for each pixel."""

    name = "segmentation"

    def suits(self, source: ImageSource) -> bool:
        """As in `Task`: the images have masks."""
        return bool(getattr(source, "masked", False))

    def classes(self, source: ImageSource) -> int:
        """As in `Task`: as many as have names, or as the highest class of any mask says."""
        if source.classes:
            return len(source.classes)
        masked, highest = cast(MaskedSource, source), -1
        for index in range(len(source)):
            mask = masked.mask(index)
            classes = mask[mask != IGNORED]
            highest = max(highest, int(classes.max()) if classes.size else -1)
        return highest + 1

    def objective(self, settings: TaskSettings) -> Objective:
        """As in `Task`."""
        from exporters.segmentation.objective import Segmentation

        return Segmentation(
            settings.network,
            settings.classes,
            settings.augmentation,
            settings.identity,
            batch=settings.batch,
            threads=settings.threads,
        )
