"""The images that ``--metric iou:CLASS`` speaks of: those whose label shows the class."""

from collections.abc import Sequence

import numpy as np

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption
from analyzer.evaluation.dataset import Dataset
from analyzer.evaluation.golden_pixels import shown_classes
from analyzer.evaluation.pixel_figures import CLASS_IOU, class_number


def only_shown(
    metric: str | None, data: Dataset, names: Sequence[str]
) -> tuple[str | None, Dataset]:
    """The metric by the number of its class, and the images that show the class.

    An image that does not show a class has no IoU of it, so that it has no part in the campaign.

    Args:
        metric: as asked; any other than ``iou:CLASS`` is returned as it is, with all images.
        data: the data set.
        names: what the model calls its classes, in their order.

    Raises:
        BadOption: the model and the labels know no such class, or labels are no maps of classes.
    """
    if metric is None or not metric.lower().startswith(CLASS_IOU):
        return metric, data
    labels, word = data.labels, metric[len(CLASS_IOU) :].strip()
    if labels is None or labels.ndim != 3 or labels.dtype.kind not in "iu":
        raise BadOption(f"--metric {metric} needs labels with a class for each pixel (masks)")
    number = class_number(word, names)
    if number is None:
        known = ", ".join(names) if names else "the model states no names, so use a number"
        raise BadOption(
            f"--metric {metric}: there is no class {word!r}{meant(word, names)}; {known}"
        )
    rows = np.flatnonzero((labels == number).any(axis=(1, 2)))
    if not len(rows):
        shown = ", ".join(map(str, shown_classes(labels)))
        raise BadOption(f"--metric {metric}: no label shows class {number}; they show {shown}")
    left_out = len(data) - len(rows)
    said = f"{left_out} images whose label does not show class {number} are left out"
    kept = data.chosen(rows).remarked(said) if left_out else data
    return f"{CLASS_IOU}{number}", kept
