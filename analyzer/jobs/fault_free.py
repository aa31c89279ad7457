"""The fault-free figure of a model on a data set, without a campaign."""

from dataclasses import dataclass
from functools import partial

from analyzer.errors import DataMismatch
from analyzer.jobs.before_after import Images, judge_of
from analyzer.jobs.observer import Observer
from analyzer.model import Model
from analyzer.runtime.ort.session import open_session, run_session, session_options


@dataclass(frozen=True, slots=True)
class FaultFree:
    """A fault-free figure.

    Attributes:
        metric: Its name.
        value: Mean score over the images, a fraction.
        images: How many they are.
        counted: True if each score is 0 or 1, so that the figure is a share of images.
    """

    metric: str
    value: float
    images: int
    counted: bool


def measure(model: Model, images: Images, observer: Observer) -> FaultFree:
    """Run a model on all images, and score its answers.

    Args:
        model: the model.
        images: with labels, and the metric, the rule and the output, where somebody says.
        observer: hears of every run.

    Raises:
        DataMismatch: the images have no labels.
        GoldenFailed: the model fails.
    """
    if images.data.labels is None:
        why = f" ({images.data.note})" if images.data.note else ""
        raise DataMismatch(
            f"{images.data.name} has no labels{why}: without them {model.path.name} has no accuracy"
        )
    run = partial(run_session, open_session(model.proto, session_options()))
    judge, golden = judge_of(model, images, run), []
    for batch in images.batches:
        golden.append(
            judge.golden(run(batch.feeds(model.signature.name)), batch.labels, batch.images)
        )
        observer.alive()
    judge, fitted = judge.fitted(golden)
    whole = len(images.data) * judge.metric.denominator
    value = sum(found.total for found in fitted) / whole
    return FaultFree(judge.metric.name, value, len(images.data), judge.metric.denominator == 1)
