"""Names of the figures of single pixels: as gates, flags and JSON have them. Loads no numpy."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.evaluation.dataset import Dataset
    from analyzer.evaluation.definition import AnswerDefinition

PIXELS_CHANGED = "pixels_changed"
"""The mean share of an image's pixels whose class silently changes."""

CLASS_IOU = "iou:"
"""Beginning of the name of the IoU of a class: its number follows, or what the model calls it."""


def class_number(text: str, names: Sequence[str]) -> int | None:
    """The class that a user names by number or by name, in any case; None: there is none.

    Args:
        text: as the user writes it.
        names: what the model calls its classes, in their order; empty: it states none.

    >>> class_number("Road", ["sky", "road"]), class_number("7", ["sky"]), class_number("car", [])
    (1, 7, None)
    """
    called = [name.lower() for name in names]
    if text.lower() in called:
        return called.index(text.lower())
    return int(text) if text.isascii() and text.isdigit() else None


def figure_names(numbers: Collection[int], names: Sequence[str]) -> Mapping[int, tuple[str, ...]]:
    """By class: the names of its IoU, by number and, where the model has one, by name.

    Args:
        numbers: of the classes.
        names: what the model calls its classes, in their order.

    >>> figure_names([1, 3], ["sky", "Road"])
    {1: ('iou:1', 'iou:road'), 3: ('iou:3',)}
    """
    return {
        number: (
            f"{CLASS_IOU}{number}",
            *(f"{CLASS_IOU}{name.lower()}" for name in names[number : number + 1]),
        )
        for number in numbers
    }


def figures_of(
    definition: "AnswerDefinition", data: "Dataset", names: Sequence[str]
) -> tuple[str, ...]:
    """Names of the figures of single pixels that a campaign has; none without classes of pixels.

    Args:
        definition: of an answer.
        data: the data set; its labels say which classes there are.
        names: what the model calls its classes, in their order.
    """
    if definition.rule.name != "segmentation":
        return ()
    found = [PIXELS_CHANGED]
    if definition.metric.name.startswith(CLASS_IOU) or definition.metric.rules == ("segmentation",):
        from analyzer.evaluation.golden_pixels import shown_classes

        assert data.labels is not None, "metrics of segmentation need labels"
        called = figure_names(shown_classes(data.labels), names)
        found += [name for every in called.values() for name in every]
    return tuple(found)
