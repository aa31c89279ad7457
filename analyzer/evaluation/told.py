"""The answer to one image as people read it: its class, and the score that decided."""

from dataclasses import dataclass

import numpy as np

from analyzer.errors import GoldenFailed
from analyzer.evaluation.rules.classification import Classification
from analyzer.evaluation.rules.rule import DecisionRule, Outputs, as_class_rule
from analyzer.evaluation.rules.thresholds import Binary


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to one image.

    Attributes:
        chosen: Number of the class.
        score: The number in the output that decided; None: the rule has none, or it is no finite
            number.
    """

    chosen: int
    score: float | None


def told_answers(rule: DecisionRule, outputs: Outputs, images: int) -> list[Told | None]:
    """The answer to each image; None where the rule tells no class.

    Args:
        rule: of the answers.
        outputs: those that the rule judges, the axis of images first.
        images: how many images they answer.
    """
    classes = as_class_rule(rule)
    if classes is None:
        return [None] * images
    try:
        chosen = classes.predicted(outputs, images, 1)[:, 0].tolist()
        return [
            Told(number, score)
            for number, score in zip(chosen, _scores(rule, outputs, images), strict=True)
        ]
    except GoldenFailed:
        return [None] * images


def _scores(rule: DecisionRule, outputs: Outputs, images: int) -> list[float | None]:
    if isinstance(rule, Classification):
        best = rule.scores(outputs, images).max(axis=1)
    elif isinstance(rule, Binary):
        best = outputs[0].reshape(images)
    else:
        return [None] * images
    numbers = best.astype(np.float64)
    return [float(x) if np.isfinite(x) else None for x in numbers]
