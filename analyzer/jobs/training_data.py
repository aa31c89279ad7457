"""Training and validation images of a request."""

from dataclasses import dataclass

from analyzer.errors import BadData, BadOption
from analyzer.evaluation.sources import ImageSource, open_source
from analyzer.jobs.requests.train import TrainRequest
from analyzer.reports.training.record import ImagesPart
from exporters.training.split import hold_out
from exporters.training.tasks import Task, find_task


@dataclass(frozen=True)
class TrainingData:
    """The images of a training.

    Attributes:
        task: Found from the images.
        training: What the network sees.
        validation: What decides which epoch is best.
        classes: Size of the last layer.
        words: Of the images, for reports; one text for each of the two.
    """

    task: Task
    training: ImageSource
    validation: ImageSource
    classes: int
    words: tuple[str, str]


def open_data(request: TrainRequest) -> TrainingData:
    """Open both sets of images; none is decoded yet.

    Args:
        request: names them.

    Raises:
        InputError: one cannot be read, or has nothing to learn.
        BadOption: an option has no effect on such data.
    """
    channels = request.shape[0] if request.shape else 3
    pictures = channels if channels in (1, 3, 4) else 3
    source: ImageSource = open_source(
        request.data, labels=request.labels, part=request.part, channels=pictures
    )
    task = find_task(source)
    classes = task.classes(source)
    if classes < 2:
        raise BadData(f"the images of {source.name} have one class; training needs two or more")
    if not request.validates_apart:
        training, validation = hold_out(source, request.held_out, request.seed)
        words = (source.name, f"{source.name}, held out by seed {request.seed}")
        return TrainingData(task, training, validation, classes, words)
    other: ImageSource = open_source(
        request.validation or request.data,
        labels=request.validation_labels,
        part=request.validation_part,
        classes=source.classes,
        channels=pictures,
    )
    _check(task, source, other, classes)
    return TrainingData(task, source, other, classes, (source.name, other.name))


def _check(task: Task, source: ImageSource, other: ImageSource, classes: int) -> None:
    """Refuse validation images that are no measure of the training."""
    if not task.suits(other) or not len(other):
        raise BadData(f"the validation images of {other.name} have no classes")
    if task.classes(other) > classes:
        raise BadData(
            f"the validation images of {other.name} have {task.classes(other)} classes, the "
            f"training images of {source.name} {classes}"
        )
    if source.sha256 == other.sha256:
        raise BadOption("the validation images are the training images; give others, or --held-out")


def images_part(source: ImageSource, words: str) -> ImagesPart:
    """One set of images as the report has it.

    Args:
        source: the images.
        words: for people.
    """
    return ImagesPart(data=words, images=len(source), sha256=source.sha256)
