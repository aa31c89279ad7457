"""The class of each image, by which outcomes are told apart, and the silent corruption by class."""

import numpy as np

from analyzer.errors import GoldenFailed
from analyzer.evaluation.class_harm import ClassHarm
from analyzer.evaluation.dataset import Labels
from analyzer.evaluation.rules.rule import Bools, DecisionRule, Ints, Outputs, as_class_rule


def image_classes(
    rule: DecisionRule, labels: Labels | None, judged: Outputs, images: int
) -> Ints | None:
    """The class of each image: its label or, without labels, golden's decision.

    Args:
        rule: of the answers.
        labels: (images, ...), or None.
        judged: golden's rows of the outputs that the rule judges.
        images: how many rows count.

    Returns:
        int64 (images,); below 0 where an image is of no class. None: the decision on an image is
        not one class.
    """
    classes = as_class_rule(rule)
    if classes is None:
        return None
    try:
        predicted = classes.predicted(judged, images, 1)[:, 0]
    except GoldenFailed:
        return None
    if labels is not None and labels.ndim == 1 and labels.dtype.kind in "iu":
        return labels[:images].astype(np.int64)
    return predicted if labels is None else None


def harm_by_class(classes: Ints | None, changed: Bools, critical: Bools) -> tuple[ClassHarm, ...]:
    """Silent corruption by class, ascending; classes without any are left out.

    Args:
        classes: int64 (images,), of each image; None: of none.
        changed: bool (images,), silent corruption.
        critical: bool (images,), that is critical.

    >>> harm_by_class(np.array([2, 0, 2]), np.array([1, 0, 1], bool), np.array([0, 0, 1], bool))
    (ClassHarm(number=2, sdc=2, critical=1),)
    """
    if classes is None:
        return ()
    numbers, places = np.unique(classes[changed], return_inverse=True)
    most = len(numbers)
    counts = np.bincount(places, minlength=most).tolist()
    grave = np.bincount(places[critical[changed]], minlength=most).tolist()
    return tuple(map(ClassHarm, numbers.tolist(), counts, grave))
