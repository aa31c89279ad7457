"""The definition of an answer: the part of every report that names the decision rule."""

from typing import Literal

from analyzer.evaluation.definition import AnswerDefinition
from analyzer.reports.shared.records import Name, ReportRecord


class DecisionPart(ReportRecord):
    """The decision on an image, and how it was found.

    ``outputs`` are those that the rule judges; in ``side_outputs``, which have no row per image,
    only NaN and infinity count. ``scored_output`` is the one that the metric compares with labels;
    empty: all that are judged. ``labels_unused`` says why labels have no part in any figure.
    ``metric_function`` names the user's own metric.
    """

    rule: str
    parameters: dict[str, str | bool | int | float]
    sentence: str
    chosen: Literal["found", "asked"]
    outputs: list[Name]
    side_outputs: list[Name]
    scored_output: Name
    labels_unused: str
    metric_function: Name


def decision_part(definition: AnswerDefinition) -> DecisionPart:
    """The definition of an answer as reports have it."""
    names, scored = definition.judged_names, definition.scored
    return DecisionPart(
        rule=definition.rule.name,
        parameters=dict(definition.rule.parameters),
        sentence=definition.sentence(),
        chosen=definition.chosen.value,
        outputs=list(names),
        side_outputs=list(definition.side_names),
        scored_output="" if scored is None else names[scored],
        labels_unused=definition.labels_unused,
        metric_function=definition.function,
    )


def decision_lines(part: DecisionPart) -> list[str]:
    """The sentences on a decision, for text and HTML."""
    lines = [f"decision: {part.sentence}"]
    if part.scored_output:
        lines.append(f"labels: compared with output {part.scored_output!r}")
    if part.metric_function:
        lines.append(f"metric: {part.metric_function}")
    if part.labels_unused:
        lines.append(f"labels are not used: {part.labels_unused}")
    if part.side_outputs:
        shown = ", ".join(map(repr, part.side_outputs))
        lines.append(f"no row per image, so that only NaN and infinity count in: {shown}")
    return lines
