"""The family of conventions: `CONVENTIONS`, the one list, and the member that a model follows."""

from collections.abc import Mapping

from analyzer.errors import BadOption
from analyzer.evaluation.rules.detection.convention import Convention, ConventionFinder
from analyzer.evaluation.rules.detection.dense import find_yolov5, find_yolov8, find_yolox
from analyzer.evaluation.rules.detection.finished import find_columns
from analyzer.evaluation.rules.detection.pairs import find_detr, find_pair, find_rt_detr
from analyzer.evaluation.rules.detection.rows import find_end_to_end, find_paddle, find_rows
from analyzer.evaluation.rules.facts import OutputFacts

CONVENTIONS: Mapping[str, ConventionFinder] = {
    "detections": find_columns,
    "end-to-end": find_end_to_end,
    "paddle": find_paddle,
    "yolov10": find_rows,
    "detr": find_detr,
    "rt-detr": find_rt_detr,
    "boxes-scores": find_pair,
    "yolox": find_yolox,
    "yolov5": find_yolov5,
    "yolov8": find_yolov8,
}
"""Name -> what finds the convention in a model's outputs. Those that ask for more come first."""


def recognized(facts: OutputFacts) -> Convention | str:
    """The convention that a model's outputs follow, or why none is recognized.

    Names, shapes, types and golden's values count: scores are between 0 and 1, classes whole, boxes
    not inside out.

    Args:
        facts: the outputs that are judged.
    """
    reasons = []
    for name, find in CONVENTIONS.items():
        found = find(facts, False)
        if not isinstance(found, str):
            return found
        reasons.append(f"{name} ({found})")
    return f"no convention of detectors fits: {'; '.join(reasons)}"


def convention_named(name: str, facts: OutputFacts) -> Convention:
    """The convention that a user chose, in the form that the model has.

    Args:
        name: of `CONVENTIONS`.
        facts: the outputs that are judged.

    Raises:
        BadOption: there is no such convention, or the outputs have another form.
    """
    if name not in CONVENTIONS:
        raise BadOption(
            f"convention {name!r} of detectors is unknown; use {', '.join(CONVENTIONS)}"
        )
    found = CONVENTIONS[name](facts, True)
    if isinstance(found, str):
        raise BadOption(f"the model does not answer by the convention {name}: {found}")
    return found
