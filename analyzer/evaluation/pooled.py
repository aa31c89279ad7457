"""Figures of a whole data set that are no mean over images: pooled mIoU, COCO's mAP.

A campaign scores images, so these stand beside the fault-free figure and are not estimated under
faults. They let a reader compare the model, as it is fed here, with published figures.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from analyzer.evaluation.metrics.metric import Metric
from analyzer.evaluation.outcome import Golden

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Labels = npt.NDArray[np.generic]


class PoolingMetric(Metric, Protocol):
    """A metric whose usual form pools all images of a data set."""

    def pooled(self, decisions: Sequence[Any], labels: Sequence[Any]) -> str:
        """Half a sentence with the pooled figures of the fault-free answers.

        Args:
            decisions: those of the rule on each batch.
            labels: (images, ...) of each batch, in the form that the metric states.
        """


def as_pooling(metric: Metric) -> PoolingMetric | None:
    """The metric as one with a pooled form; None if its mean over images is the usual figure."""
    return cast(PoolingMetric, metric) if hasattr(type(metric), "pooled") else None


def pooled_remark(
    metric: Metric, golden: Sequence[Golden], labels: Sequence["Labels | None"]
) -> str:
    """The fault-free figure in its pooled form; empty where the metric has none.

    Args:
        metric: of the campaign.
        golden: the fault-free answers to every batch.
        labels: (images, ...) of every batch, or None.
    """
    pooling = as_pooling(metric)
    given = [batch for batch in labels if batch is not None]
    if pooling is None or len(given) != len(golden):
        return ""
    return pooling.pooled([batch.decisions.decisions for batch in golden], given)
