"""The one place that chooses what an answer is, and keeps the reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption, GoldenFailed, quoted, short
from analyzer.evaluation.choose_metric import MetricChoice, ScoredPart
from analyzer.evaluation.confusions import SeverityTable, confusions_for
from analyzer.evaluation.dataset import Dataset
from analyzer.evaluation.definition import AnswerDefinition, Chosen, takes_several
from analyzer.evaluation.rules import rule_named
from analyzer.evaluation.rules.detection.rule import Detection
from analyzer.evaluation.rules.facts import OutputFacts
from analyzer.evaluation.rules.find import (
    RECOGNIZERS,
    OutputForm,
    facts_of,
    find_detector,
    find_rule,
)
from analyzer.evaluation.rules.rule import DecisionRule
from analyzer.evaluation.rules.several import Part, Several


@dataclass(frozen=True, slots=True)
class Asked:
    """Wishes of a user about answers.

    Attributes:
        task: ``NAME``, ``NAME:field=value`` or ``module.py:function``; None: find it.
        output: Name of the output that is judged, or several with commas; None: all.
        metric: Name of a metric, or ``module.py:function``; None: by the data.
        severity: Says which confusions of classes are critical; None: nothing does.
        class_names: Of the model, in their order; empty: it states none.
    """

    task: str | None = None
    output: str | None = None
    metric: str | None = None
    severity: SeverityTable | None = None
    class_names: tuple[str, ...] = ()


NOTHING = Asked()


def define_answers(
    forms: Sequence[OutputForm],
    data: Dataset,
    images: int,
    asked: Asked = NOTHING,
    fed: Sequence[int] = (),
) -> AnswerDefinition:
    """The definition of an answer.

    Args:
        forms: every output of the model, with golden's rows of the first batch.
        data: the data set.
        images: of the first batch.
        asked: what the user says.
        fed: shape of the first input as it was fed; empty if not known.

    Raises:
        BadOption: an unknown output, rule or metric, or one that does not suit.
        BadSeverityTable: the table of critical confusions does not fit the classes.
        GoldenFailed: no output has a row per image, or one is not as the rule needs it.
        UnclearAnswer: nothing tells what an output means.
        DataMismatch: labels that the model has no class for, or that number other classes.
    """
    judged = _judged(forms, asked.output)
    chosen = [forms[index] for index in judged]
    rule = _rule(chosen, data, asked, facts_of(chosen, images, fed))
    side = () if asked.output else (i for i, form in enumerate(forms) if not form.axis.found)
    seen = tuple(forms[index].rows for index in judged)
    rule.decide(seen, images)  # refuses outputs of another form, before anything takes long
    choice = MetricChoice(_parts(forms, judged, rule), data, images)
    metric, scored, unused = choice.of(asked.metric)
    confusions = None
    if asked.severity is not None:
        confusions = confusions_for(asked.severity, rule, seen, images, asked.class_names)
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
        confusions=confusions,
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
    forms: Sequence[OutputForm], data: Dataset, asked: Asked, facts: OutputFacts
) -> DecisionRule:
    """The rule: as asked, else that of all outputs together, else those of each.

    Args:
        forms: the outputs that are judged.
        data: the data set.
        asked: what the user says.
        facts: about these outputs.

    Raises:
        BadOption: a rule of one output, where there are several, or one that does not suit.
        UnclearAnswer: nothing tells what an output means.
    """
    if asked.task is not None:
        return _asked_rule(asked.task, forms, facts)
    detector = find_detector(facts)
    if detector is not None:
        return detector
    parts = tuple(
        Part(form.name, find_rule(form, facts.only(place), data.labels))
        for place, form in enumerate(forms)
    )
    return parts[0].rule if len(parts) == 1 else Several(parts)


def _asked_rule(task: str, forms: Sequence[OutputForm], facts: OutputFacts) -> DecisionRule:
    """The rule of a name; without settings, in the form that the outputs have."""
    rule = rule_named(task)
    if len(forms) > 1 and not takes_several(rule):
        names = short(", ".join(form.name for form in forms))
        raise BadOption(
            f"--task {task} judges one output, and the model has several: say which by "
            f"--output ({names})"
        )
    if isinstance(rule, Detection):
        return rule.for_outputs(facts)
    if task in RECOGNIZERS:
        found = RECOGNIZERS[task](facts)
        return rule if isinstance(found, str) else found
    return rule


def _parts(
    forms: Sequence[OutputForm], judged: Sequence[int], rule: DecisionRule
) -> list[ScoredPart]:
    if not isinstance(rule, Several):
        seen = tuple(forms[index].rows for index in judged)
        return [ScoredPart(None, forms[judged[0]].name, rule, seen)]
    return [
        ScoredPart(place, part.output, part.rule, (forms[index].rows,))
        for place, (index, part) in enumerate(zip(judged, rule.parts, strict=True))
    ]
