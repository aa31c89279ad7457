"""Fault-free answers by class, and the reason where there are no figures by class."""

from collections.abc import Sequence

import numpy as np

from analyzer.campaign.events.breakdown import EventBreakdown
from analyzer.campaign.golden_answers import GoldenAnswers
from analyzer.evaluation.rules.rule import as_class_rule
from analyzer.reports.shared.classes import class_name
from analyzer.reports.target.record import ClassPart


def class_parts(golden: GoldenAnswers, names: Sequence[str]) -> list[ClassPart]:
    """Fault-free scores by class; none where images are not of one class each.

    Args:
        golden: the data set and its fault-free answers.
        names: of the model's classes, in their order; empty: it states none.
    """
    groups = [batch.image_classes for batch in golden.by_batch if batch.image_classes is not None]
    if len(groups) < len(golden.by_batch):
        return []
    classes = np.concatenate(groups)
    scores = np.concatenate([batch.scores for batch in golden.by_batch])
    unit = golden.judge.metric.denominator
    found = []
    for index in np.unique(classes[classes >= 0]).tolist():
        mine = scores[classes == index]
        score = float(mine.sum()) / (len(mine) * unit)
        name = class_name(index, names)
        found.append(ClassPart(index=index, name=name, images=len(mine), score=score))
    return found


def missing_classes(
    golden: GoldenAnswers, breakdown: EventBreakdown | None, *, generated: bool
) -> str:
    """The reason why there are no figures by class, as a sentence.

    Args:
        golden: the data set and its fault-free answers.
        breakdown: of single events; None: no region is in that regime.
        generated: there is no data set, and inputs are random.
    """
    rule = golden.judge.definition.rule
    if generated:
        return "Inputs are random, and images of no class."
    if any(batch.image_classes is None for batch in golden.by_batch):
        if as_class_rule(rule) is None:
            return f"The decision on an image is no one class here: {rule.sentence()}."
        return "Labels, or decisions, are not one class for each image."
    if breakdown is None:
        return "No region is in the regime of one event; relcheck run has figures by class."
    return "All images are of one class."
