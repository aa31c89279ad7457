"""The words of reports for the images that ranges and bounds were measured on."""

import numpy as np

from analyzer.evaluation.dataset import Dataset


def described(data: Dataset) -> str:
    """Number and name of the images; and how few classes they show, if they lack one.

    Ranges measured on one class are no ranges of the others: their activations would be cut off.

    Args:
        data: the images; labels and number of classes may be unknown.
    """
    text = f"{len(data):,} images of {data.name}"
    if data.labels is None or data.classes is None:
        return text
    shown = len(np.unique(data.labels))
    return f"{text} ({shown:,} of {data.classes:,} classes)" if shown < data.classes else text
