"""Images of a pretraining: those that are trained on, and those that features are measured on."""

from dataclasses import dataclass

import numpy as np

from analyzer.errors import BadData, BadOption
from analyzer.evaluation.sample import sample_rows
from analyzer.evaluation.sources import ChosenImages, ImageSource, open_source
from analyzer.jobs.requests.pretrain import PretrainRequest

MEASURED = 5_000
"""Images that are measured on after each epoch, at most; more of them would tell no more."""

LEAST = 2
"""Images that BatchNorm needs, and a spread."""


@dataclass(frozen=True)
class PretrainingData:
    """The images of a pretraining.

    Attributes:
        training: Those that the network sees.
        measured: Those that the monitors measure on.
        words: Of the images, for reports; one text for each of the two.
        classes: Number of classes; 0 if the images have none.
    """

    training: ImageSource
    measured: ImageSource
    words: tuple[str, str]
    classes: int


def open_images(request: PretrainRequest) -> PretrainingData:
    """Open both sets of images; none is decoded yet.

    Args:
        request: names them.

    Raises:
        InputError: one cannot be read, or has too few images.
        BadOption: an option has no effect on such data.
    """
    channels = request.shape[0] if request.shape else 3
    pictures = channels if channels in (1, 3, 4) else 3
    source: ImageSource = open_source(
        request.data, labels=request.labels, part=request.part, channels=pictures
    )
    if len(source) < 2 * LEAST:
        raise BadData(f"{source.name} has {len(source)} images; pretraining needs 4 or more")
    if request.validates_apart:
        other: ImageSource = open_source(
            request.validation or request.data,
            labels=request.validation_labels,
            part=request.validation_part,
            classes=source.classes if source.labels is not None else (),
            channels=pictures,
        )
        if source.sha256 == other.sha256:
            raise BadOption(
                "the validation images are the training images; give others, or --held-out"
            )
        training, words = source, (source.name, other.name)
    else:
        training, other = _held_out(source, request.held_out, request.seed)
        words = (source.name, f"{source.name}, held out by seed {request.seed}")
    if min(len(training), len(other)) < LEAST:
        raise BadData(
            f"{len(training)} images to train on and {len(other)} to measure on; each must be "
            f"{LEAST} or more: give more images, --validation, or another --held-out"
        )
    known = training.labels is not None and other.labels is not None
    classes = 1 + int(training.labels.max()) if known and training.labels is not None else 0
    return PretrainingData(training, _some(other, request.seed), words, classes)


def _held_out(source: ImageSource, share: float, seed: int) -> tuple[ImageSource, ImageSource]:
    """Divide a source; classes with fewer images than one in a share are drawn together."""
    count = len(source)
    rows = sample_rows(count, source.labels, max(LEAST, round(share * count)), seed)
    rest = np.setdiff1d(np.arange(count, dtype=np.int64), rows)
    return ChosenImages(source, rest), ChosenImages(source, rows)


def _some(source: ImageSource, seed: int) -> ImageSource:
    """As many images as are measured, of each class its share."""
    if len(source) <= MEASURED:
        return source
    return ChosenImages(source, np.sort(sample_rows(len(source), source.labels, MEASURED, seed)))
