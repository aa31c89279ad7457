"""The one place that chooses what an answer is, and keeps the reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption, DataMismatch, GoldenFailed, quoted, short
from analyzer.evaluation import metrics
from analyzer.evaluation.dataset import Dataset
from analyzer.evaluation.definition import AnswerDefinition, Chosen, takes_several
from analyzer.evaluation.metrics.metric import AnswerBatch, Metric
from analyzer.evaluation.metrics.own import OwnMetric
from analyzer.evaluation.rules import rule_named
from analyzer.evaluation.rules.find import OutputForm, find_rule
from analyzer.evaluation.rules.rule import ClassRule, DecisionRule, Outputs
from analyzer.evaluation.rules.several import Part, Several
from analyzer.evaluation.user_code import is_user_code, user_function


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user says about answers.

    Attributes:
        task: ``NAME``, ``NAME:field=value`` or ``module.py:function``; None: find it.
        output: Name of the output that is judged, or several with commas; None: all.
        metric: Name of a metric, or ``module.py:function``; None: by the data.
    """

    task: str | None = None
    output: str | None = None
    metric: str | None = None


NOTHING = Asked()


def define_answers(
    forms: Sequence[OutputForm], data: Dataset, images: int, asked: Asked = NOTHING
) -> AnswerDefinition:
    """The definition of an answer.

    Args:
        forms: every output of the model, with golden's rows of the first batch.
        data: the data set.
        images: of the first batch.
        asked: what the user says.

    Raises:
        BadOption: an unknown output, rule or metric, or one that does not suit.
        GoldenFailed: no output has a row per image, or one is not as the rule needs it.
        UnclearAnswer: nothing tells what an output means.
        DataMismatch: labels that the model has no class for, or that number other classes.
    """
    judged = _judged(forms, asked.output)
    rule = _rule(forms, judged, data, asked)
    side = () if asked.output else (i for i, form in enumerate(forms) if not form.axis.found)
    seen = tuple(forms[index].rows for index in judged)
    rule.decide(seen, images)  # refuses outputs of another form, before anything takes long
    choice = _MetricChoice(_parts(forms, judged, rule), data, images)
    metric, scored, unused = choice.of(asked.metric, seen, rule)
    return AnswerDefinition(
        names=tuple(form.name for form in forms),
        axes=tuple(form.axis for form in forms),
        judged=judged,
        watched=tuple(sorted({*judged, *side})),
        rule=rule,
        metric=metric,
        scored=scored,
        chosen=Chosen.FOUND if asked.task is None and asked.output is None else Chosen.ASKED,
        labels_unused=unused,
    )


def _judged(forms: Sequence[OutputForm], asked: str | None) -> tuple[int, ...]:
    """Indices of the outputs that are judged.

    Raises:
        BadOption: an output that there is not.
        GoldenFailed: none has a row per image.
    """
    names = [form.name for form in forms]
    if asked is None:
        found = tuple(index for index, form in enumerate(forms) if form.axis.found)
        if not found:
            raise GoldenFailed(
                "no output of the model has one row per image, whatever the axis; relcheck judges "
                "images one by one"
            )
        return found
    wanted = [asked] if asked in names else asked.split(",")
    for name in wanted:
        if name not in names:
            raise BadOption(
                f"--output {quoted(name)}: the model has no such output{meant(name, names)}; its "
                f"outputs: {short(', '.join(names))}"
            )
        if not forms[names.index(name)].axis.found:
            raise GoldenFailed(f"output {quoted(name)} does not have one row per image")
    return tuple(names.index(name) for name in wanted)


def _rule(
    forms: Sequence[OutputForm], judged: Sequence[int], data: Dataset, asked: Asked
) -> DecisionRule:
    """The rule: as asked, else that of the one output, else those of all.

    Raises:
        BadOption: a rule of one output, where there are several.
        UnclearAnswer: nothing tells what an output means.
    """
    if asked.task is None:
        parts = tuple(Part(forms[i].name, find_rule(forms[i], data.labels)) for i in judged)
        return parts[0].rule if len(parts) == 1 else Several(parts)
    rule = rule_named(asked.task)
    if len(judged) > 1 and not takes_several(rule):
        names = short(", ".join(forms[i].name for i in judged))
        raise BadOption(
            f"--task {asked.task} judges one output, and the model has several: say which by "
            f"--output ({names})"
        )
    return rule


@dataclass(frozen=True, slots=True)
class _ScoredPart:
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


def _parts(
    forms: Sequence[OutputForm], judged: Sequence[int], rule: DecisionRule
) -> list[_ScoredPart]:
    if not isinstance(rule, Several):
        seen = tuple(forms[index].rows for index in judged)
        return [_ScoredPart(None, forms[judged[0]].name, rule, seen)]
    return [
        _ScoredPart(place, part.output, part.rule, (forms[index].rows,))
        for place, (index, part) in enumerate(zip(judged, rule.parts, strict=True))
    ]


_Choice = tuple[Metric, int | None, str]
"""A metric, the part that it sees, and why labels are not used."""


@dataclass(frozen=True, slots=True)
class _MetricChoice:
    """The metrics that suit a data set and the outputs."""

    parts: Sequence[_ScoredPart]
    data: Dataset
    images: int

    def of(self, asked: str | None, seen: Outputs, rule: DecisionRule) -> _Choice:
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
                place = self._only(metric)
                if isinstance(place, str):
                    unused = unused or place
                    continue
                return metric, place, ""
            return metric, None, self._unused(unused)
        raise AssertionError("one metric needs nothing")

    def _asked(self, metric: Metric) -> _Choice:
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

    def _suited(self, metric: Metric) -> list[_ScoredPart]:
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

    def _check(self, metric: Metric, part: _ScoredPart) -> None:
        """Refuse labels that cannot be right answers of one output."""
        if self.data.labels is None:
            return
        marks = np.ones(self.images, bool)
        first = AnswerBatch(part.outputs, part.outputs, self.data.labels[:1], marks, part.rule)
        metric.check_labels(self.data.labels, first)
        if isinstance(part.rule, ClassRule):
            part.rule.predicted(part.outputs, self.images, 1)
            _check_folders(self.data.classes, part.rule.class_count(part.outputs, self.images))

    def _alike(self, parts: Sequence[_ScoredPart]) -> bool:
        """True if all give the same classes, as a model's class numbers and class scores do."""
        found = [
            part.rule.predicted(part.outputs, self.images, 1)
            for part in parts
            if isinstance(part.rule, ClassRule)
        ]
        same = len(found) == len(parts)
        return same and all(np.array_equal(found[0], other) for other in found[1:])


LABELS = "labelled data"


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
            f"the data set has {named} class folders and the model scores {classes} classes, so "
            "that their numbers do not match; give every class a folder, empty ones count"
        )
