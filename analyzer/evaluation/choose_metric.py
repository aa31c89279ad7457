"""The metric of a campaign: as asked, else the first that suits the labels and the outputs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.errors import BadOption, DataMismatch, GoldenFailed, short
from analyzer.evaluation import metrics
from analyzer.evaluation.dataset import Dataset
from analyzer.evaluation.metrics.metric import AnswerBatch, Metric
from analyzer.evaluation.metrics.own import OwnMetric
from analyzer.evaluation.rules.rule import DecisionRule, Outputs, as_class_rule
from analyzer.evaluation.rules.segmentation import Segmentation
from analyzer.evaluation.user_code import is_user_code, user_function


@dataclass(frozen=True, slots=True)
class ScoredPart:
    """An output, or all of them, as a metric may see it.

    Attributes:
        place: Among the rule's parts; None: all that the rule sees.
        name: Of the output.
        rule: Of the output.
        outputs: Golden's rows of the first batch.
    """

    place: int | None
    name: str
    rule: DecisionRule
    outputs: Outputs


Choice = tuple[Metric, int | None, str]
"""A metric, the part that it sees, and why labels are not used."""


@dataclass(frozen=True, slots=True)
class MetricChoice:
    """The metrics that suit a data set and the outputs."""

    parts: Sequence[ScoredPart]
    data: Dataset
    images: int

    def of(self, asked: str | None) -> Choice:
        """The metric as asked, else the first whose needs are met.

        Raises:
            BadOption: an unknown metric, or one that needs what is not there.
            DataMismatch: labels that cannot be right answers.
        """
        if asked is not None and is_user_code(asked):
            return OwnMetric(user_function(asked, "metric")), None, ""
        if asked is not None:
            return self._asked(metrics.metric_named(asked))
        unused = ""
        for metric in metrics.METRICS:
            if isinstance(metric, OwnMetric) or self._lacking(metric):
                continue
            if metric.needs_labels or metric.rules:
                place = self._only_or_reason(metric)
                if isinstance(place, str):
                    unused = unused or place
                    continue
                return metric, place, ""
            return metric, None, self._unused(unused)
        raise AssertionError("one metric needs nothing")

    def _only_or_reason(self, metric: Metric) -> int | str | None:
        """As `_only`; labels that are no answers of a rule without classes are a reason as well.

        Raises:
            DataMismatch: labels of classes that the model has not, of images or of pixels.
        """
        try:
            return self._only(metric)
        except DataMismatch as error:
            labels = self.data.labels
            if labels is None or labels.dtype.kind not in "iu":
                return str(error)
            rules = [part.rule for part in self._suited(metric)]
            if labels.ndim == 1 and any(map(as_class_rule, rules)):
                raise
            if labels.ndim == PIXELS and any(isinstance(rule, Segmentation) for rule in rules):
                raise
            return str(error)

    def _asked(self, metric: Metric) -> Choice:
        lacking = self._lacking(metric)
        if lacking or isinstance(metric, OwnMetric):
            usable = (m for m in metrics.METRICS if not isinstance(m, OwnMetric))
            others = ", ".join(m.name for m in usable if not self._lacking(m))
            needs = " and ".join(_needs(metric)) or "a function: write module.py:function"
            raise BadOption(f"--metric {metric.name} needs {needs}; use {others}")
        if not (metric.needs_labels or metric.rules):
            return metric, None, self._unused("another metric was asked for")
        place = self._only(metric)
        if isinstance(place, str):
            raise BadOption(f"--metric {metric.name}: {place}")
        return metric, place, ""

    def _lacking(self, metric: Metric) -> bool:
        """True if labels are not there, or no output is judged by a rule that the metric knows."""
        return (metric.needs_labels and self.data.labels is None) or not self._suited(metric)

    def _suited(self, metric: Metric) -> list[ScoredPart]:
        return [p for p in self.parts if not metric.rules or p.rule.name in metric.rules]

    def _unused(self, reason: str) -> str:
        """The reason why labels are not used; empty without labels."""
        if self.data.labels is None:
            return ""
        names = ", ".join(dict.fromkeys(part.rule.name for part in self.parts))
        return reason or f"no metric compares labels with answers judged by {names}"

    def _only(self, metric: Metric) -> int | str | None:
        """The place of the one output that the metric suits, or why there is not one.

        Raises:
            DataMismatch: labels that cannot be right answers of any.
        """
        usable, errors = [], []
        for part in self._suited(metric):
            try:
                self._check(metric, part)
                usable.append(part)
            except (DataMismatch, GoldenFailed) as error:
                errors.append(error)
        if not usable:
            if isinstance(errors[0], DataMismatch):
                raise errors[0]
            return short(str(errors[0]))
        if len(usable) > 1 and not self._alike(usable):
            names = ", ".join(repr(part.name) for part in usable)
            return f"they could be answers of outputs {names}; say of which by --output"
        return usable[0].place

    def _check(self, metric: Metric, part: ScoredPart) -> None:
        """Refuse labels that cannot be right answers of one output."""
        if self.data.labels is None:
            return
        marks = np.ones(self.images, bool)
        first = AnswerBatch(part.outputs, part.outputs, self.data.labels, marks, part.rule)
        rule = as_class_rule(part.rule)
        if rule is not None:
            rule.predicted(part.outputs, self.images, 1)
        metric.check_labels(self.data.labels, first)
        if rule is not None:
            _check_folders(self.data.classes, rule.class_count(part.outputs, self.images))

    def _alike(self, parts: Sequence[ScoredPart]) -> bool:
        """True if all give the same classes, as a model's class numbers and class scores do."""
        found = [
            rule.predicted(part.outputs, self.images, 1)
            for part in parts
            if (rule := as_class_rule(part.rule)) is not None
        ]
        same = len(found) == len(parts)
        return same and all(np.array_equal(found[0], other) for other in found[1:])


LABELS = "labelled data"
PIXELS = 3
"""Axes of labels that give each pixel its class."""


def _needs(metric: Metric) -> list[str]:
    """Needs of a metric, in words."""
    rules = [f"an output judged by {' or '.join(metric.rules)}"] if metric.rules else []
    return [LABELS] * metric.needs_labels + rules


def _check_folders(named: int | None, classes: int | None) -> None:
    """Refuse a folder whose numbering of classes cannot be the model's.

    Args:
        named: classes that the data set has.
        classes: classes that the model scores.

    Raises:
        DataMismatch: both are known and differ.
    """
    if named is not None and classes is not None and named != classes:
        raise DataMismatch(
            f"the data set has {named} classes, numbered by their order, and the model scores "
            f"{classes}, so that their numbers do not match; give every class a folder, empty ones "
            "count, or write the names of the classes into the model by relcheck annotate --labels"
        )
