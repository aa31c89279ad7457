"""Models that were calibrated on the images on which they are judged.

Their ranges and bounds suit these images, so that others may be cut off or rounded more.
"""

from collections.abc import Iterable

from analyzer.evaluation.dataset import Dataset


def calibration_words(sha256: str, images: int, whole: str = "") -> str:
    """The words by which a model remembers the images of its calibration.

    Args:
        sha256: digest of the data.
        images: how many of its images were run.
        whole: digest of the data set of which these are a sample; empty: they are all.
    """
    words = f"sha256:{sha256} images:{images}"
    return f"{words} of:{whole}" if whole else words


def say_calibration(notes: Iterable[str], data: Dataset) -> str:
    """Half a sentence for a model that is fed images of its own calibration; empty: it is not.

    Args:
        notes: what the model says of its calibrations, with `calibration_words` among it.
        data: the images that it is fed.
    """
    said = {word for note in notes for word in note.split()}
    mine = {f"sha256:{data.sha256}"} | ({f"of:{data.whole}"} if data.whole else set())
    if said.isdisjoint(mine):
        return ""
    return "the model was calibrated on images of this data set: on others it may do worse"
