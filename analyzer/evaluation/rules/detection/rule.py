"""The decision of a detector: which boxes are found, of which classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from analyzer.errors import BadOption, GoldenFailed
from analyzer.evaluation.rules.detection.boxes import Detections
from analyzer.evaluation.rules.detection.convention import Convention
from analyzer.evaluation.rules.detection.conventions import convention_named, recognized
from analyzer.evaluation.rules.detection.matching import images_that_differ
from analyzer.evaluation.rules.detection.nms import suppressed
from analyzer.evaluation.rules.facts import OutputFacts
from analyzer.evaluation.rules.remarks import few_found, images_of
from analyzer.evaluation.rules.rule import Bools, GoldenDecisions, Outputs

SCORE, MATCH, NMS = 0.25, 0.5, 0.45
BEFORE_NMS, PER_IMAGE = 1000, 300
"""The boxes with the highest scores that enter NMS, and that are left of it, at most."""


@dataclass(frozen=True, slots=True)
class Detection:
    """An image is answered differently if a box appears, vanishes or changes its class.

    Attributes:
        convention: Name of the layout of the outputs; empty: found from the outputs.
        score: Boxes with a higher score count.
        match: Boxes are the same if they have one class and overlap by this IoU or more.
        nms: Boxes of a class that overlap by more than this IoU suppress each other; of no effect
            where the model itself suppresses.
        layout: The convention in the form that the model has; see `for_outputs`.
    """

    convention: str = ""
    score: float = SCORE
    match: float = MATCH
    nms: float = NMS
    layout: Convention | None = None

    name = "detection"
    needs_outputs = False

    def for_outputs(self, facts: OutputFacts) -> "Detection":
        """The rule with the layout of a model's outputs.

        Args:
            facts: the outputs that are judged.

        Raises:
            BadOption: the convention is unknown, the outputs do not follow it, or none is named
                and none is recognized.
        """
        if self.convention:
            return replace(self, layout=convention_named(self.convention, facts))
        found = recognized(facts)
        if isinstance(found, str):
            raise BadOption(f"{found}; name one, e.g. --task detection:convention=yolov8")
        return replace(self, convention=found.name, layout=found)

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `DecisionRule`."""
        inside = self._layout.nms_in_graph
        return {
            "convention": self.convention,
            **self._layout.parameters,
            "score": self.score,
            "match": self.match,
            **({} if inside else {"nms": self.nms, "before-nms": BEFORE_NMS}),
            "boxes-per-image": PER_IMAGE,
        }

    def sentence(self) -> str:
        """As in `DecisionRule`."""
        inside = self._layout.nms_in_graph
        after = "" if inside else f" after suppression of overlaps above IoU {self.nms:g}"
        return (
            f"boxes with a score above {self.score:g}{after}, read as {self.convention}; "
            "an image differs if a box appears, vanishes or changes its class "
            f"(boxes are the same from IoU {self.match:g})"
        )

    def decide(self, outputs: Outputs, images: int) -> Detections:
        """As in `DecisionRule`."""
        if reason := self._layout.unreadable(outputs, images):
            raise GoldenFailed(
                f"the outputs are not those of a detector by the convention {self.convention}: "
                f"{reason}; name another by --task"
            )
        return self.boxes(outputs, images)

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """As in `DecisionRule`."""
        if self._layout.unreadable(outputs, golden.images):
            return np.ones(golden.images, bool)
        before = cast(Detections, golden.decisions)
        found = self.boxes(outputs, golden.images)
        return images_that_differ(before, found, golden.images, self.match)

    def remark(self, golden: Sequence[GoldenDecisions]) -> str:
        """Few images with any box; see `RemarkingRule.remark`."""
        some = sum(len(np.unique(cast(Detections, batch.decisions).image)) for batch in golden)
        said = f"any detection at score {self.score:g}"
        return few_found(some, images_of(golden), said, "a box")

    def boxes(self, outputs: Outputs, images: int) -> Detections:
        """The boxes that count, by image and falling score; the outputs are readable.

        Args:
            outputs: as in `DecisionRule.decide`.
            images: how many images the run answered.
        """
        found = self._layout.candidates(outputs, images, self.score).ordered()
        if not self._layout.nms_in_graph:
            found = suppressed(found.best(BEFORE_NMS), self.nms)
        return found.best(PER_IMAGE)

    @property
    def _layout(self) -> Convention:
        assert self.layout is not None, "outputs are seen before they are judged"
        return self.layout


def suits(facts: OutputFacts) -> Detection | str:
    """The rule for a detector, or why the outputs are not taken for one. See `Recognizer`."""
    found = recognized(facts)
    return found if isinstance(found, str) else Detection(found.name, layout=found)
