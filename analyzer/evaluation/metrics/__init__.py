"""The family of metrics: one file per member, and `METRICS`, the one list.

From the list derive ``--metric`` with its help text, the metrics that gates know, the names in
reports, the words that JSON files may hold, and the metric of a campaign that asks for none.

Loads no numpy: help texts are made from the list.
"""

from collections.abc import Iterator, Mapping

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption
from analyzer.evaluation.metrics.agreement import Agreement
from analyzer.evaluation.metrics.boxes import AveragePrecision, BoxF1
from analyzer.evaluation.metrics.metric import Metric
from analyzer.evaluation.metrics.own import OwnMetric
from analyzer.evaluation.metrics.pixels import ClassIou, MeanIou, PixelAccuracy
from analyzer.evaluation.metrics.tokens import ExactMatch, TokenAccuracy
from analyzer.evaluation.metrics.top_k import TopK
from analyzer.evaluation.pixel_figures import CLASS_IOU

TOP1, TOP5, AGREEMENT = TopK(1), TopK(5), Agreement()

OWN = OwnMetric()

OF_BOXES = AveragePrecision(), BoxF1()
OF_PIXELS = MeanIou(), PixelAccuracy()
OF_TOKENS = TokenAccuracy(), ExactMatch()

METRICS: tuple[Metric, ...] = (
    TOP1,
    TOP5,
    *OF_PIXELS,
    *OF_BOXES,
    *OF_TOKENS,
    AGREEMENT,
    OWN,
)
"""Every metric. A campaign that asks for none takes the first whose needs are met."""


def metric_names() -> tuple[str, ...]:
    """Names of all metrics.

    >>> metric_names()[:3], metric_names()[-2:]
    (('top1', 'top5', 'miou'), ('agreement', 'own'))
    """
    return tuple(metric.name for metric in METRICS)


def labelled_names() -> tuple[str, ...]:
    """Names of the metrics that compare with labels.

    >>> labelled_names()[:3]
    ('top1', 'top5', 'miou')
    """
    return tuple(metric.name for metric in METRICS if metric.needs_labels)


def metric_named(name: str) -> Metric:
    """The metric of this name.

    Raises:
        BadOption: there is none.
    """
    for metric in METRICS:
        if metric.name == name:
            return metric
    number = name.removeprefix(CLASS_IOU)
    if number != name and number.isascii() and number.isdigit():
        return ClassIou(number=int(number))
    known = (*metric_names(), f"{CLASS_IOU}CLASS")
    raise BadOption(f"--metric {name!r} is unknown{meant(name, known)}; use {', '.join(known)}")


def offered_metrics() -> str:
    """The names as one help text.

    >>> offered_metrics()  # doctest: +ELLIPSIS
    'top1 (default with labels), top5, ..., agreement, iou:CLASS or FILE.py:FUNCTION'
    """
    first = METRICS[0]
    marked = {
        first.name: f"{first.name} (default{' with labels' * first.needs_labels})",
        OWN.name: "FILE.py:FUNCTION",
    }
    last_name = {OWN.name: 1}  # behind those that names choose
    names = [*metric_names(), f"{CLASS_IOU}CLASS"]
    names.sort(key=lambda name: last_name.get(name, 0))
    *most, last = (marked.get(name, name) for name in names)
    return f"{', '.join(most)} or {last}" if most else last


class MetricLabels(Mapping[str, str]):
    """Name of a metric -> its name in text, of those in `METRICS` now.

    >>> MetricLabels()["top1"], len(MetricLabels())
    ('top-1', 10)
    """

    def __getitem__(self, name: str) -> str:
        """The name in text; KeyError if there is no such metric."""
        if name.startswith(CLASS_IOU):
            return metric_named(name).label
        return {metric.name: metric.label for metric in METRICS}[name]

    def __iter__(self) -> Iterator[str]:
        """Names as flags have them."""
        return iter(metric_names())

    def __len__(self) -> int:
        """Number of metrics."""
        return len(METRICS)
