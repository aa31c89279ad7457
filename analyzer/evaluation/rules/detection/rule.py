"""The decision of a detector: which boxes are found, of which classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from analyzer.errors import GoldenFailed
from analyzer.evaluation.rules.detection.boxes import Detections
from analyzer.evaluation.rules.detection.convention import Convention
from analyzer.evaluation.rules.detection.conventions import recognized
from analyzer.evaluation.rules.detection.matching import images_that_differ
from analyzer.evaluation.rules.detection.nms import suppressed
from analyzer.evaluation.rules.facts import OutputFacts
from analyzer.evaluation.rules.rule import Bools, GoldenDecisions, Outputs

SCORE, MATCH, NMS = 0.25, 0.5, 0.45
BEFORE_NMS, PER_IMAGE = 1000, 300
"""The boxes with the highest scores that enter NMS, and that are left of it, at most."""


@dataclass(frozen=True, slots=True)
class Detection:
    """An image is answered differently if a box appears, vanishes or changes its class.

    Attributes:
        convention: The layout of the outputs.
        score: Boxes with a higher score count.
        match: Boxes are the same if they have one class and overlap by this IoU or more.
        nms: Boxes of a class that overlap by more than this IoU suppress each other; of no effect
            where the model itself suppresses.
    """

    convention: Convention
    score: float = SCORE
    match: float = MATCH
    nms: float = NMS

    name = "detection"
    needs_outputs = False

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `DecisionRule`."""
        inside = self.convention.nms_in_graph
        return {
            "convention": self.convention.name,
            **self.convention.parameters,
            "score": self.score,
            "match": self.match,
            **({} if inside else {"nms": self.nms, "before-nms": BEFORE_NMS}),
            "boxes-per-image": PER_IMAGE,
        }

    def sentence(self) -> str:
        """As in `DecisionRule`."""
        inside = self.convention.nms_in_graph
        after = "" if inside else f" after suppression of overlaps above IoU {self.nms:g}"
        return (
            f"boxes with a score above {self.score:g}{after}, read as {self.convention.name}; "
            "an image differs if a box appears, vanishes or changes its class "
            f"(boxes are the same from IoU {self.match:g})"
        )

    def decide(self, outputs: Outputs, images: int) -> Detections:
        """As in `DecisionRule`."""
        if reason := self.convention.unreadable(outputs, images):
            raise GoldenFailed(
                f"the outputs are not those of a detector by the convention "
                f"{self.convention.name}: {reason}"
            )
        return self.boxes(outputs, images)

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """As in `DecisionRule`."""
        if self.convention.unreadable(outputs, golden.images):
            return np.ones(golden.images, bool)
        before = cast(Detections, golden.decisions)
        found = self.boxes(outputs, golden.images)
        return images_that_differ(before, found, golden.images, self.match)

    def boxes(self, outputs: Outputs, images: int) -> Detections:
        """The boxes that count, by image and falling score; the outputs are readable.

        Args:
            outputs: as in `DecisionRule.decide`.
            images: how many images the run answered.
        """
        found = self.convention.candidates(outputs, images, self.score).ordered()
        if not self.convention.nms_in_graph:
            found = suppressed(found.best(BEFORE_NMS), self.nms)
        return found.best(PER_IMAGE)


def suits(facts: OutputFacts) -> Detection | str:
    """The rule for a detector, or why the outputs are not taken for one. See `Recognizer`."""
    found = recognized(facts)
    return found if isinstance(found, str) else Detection(found)
