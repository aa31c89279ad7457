"""Yes or no by a threshold: one question per image, or one per label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.errors import GoldenFailed
from analyzer.evaluation.rules.remarks import images_of, one_answer
from analyzer.evaluation.rules.rule import Bools, GoldenDecisions, Ints, Outputs


@dataclass(frozen=True, slots=True)
class Binary:
    """Yes if the one score of an image is above the threshold.

    Attributes:
        threshold: 0.5 suits probabilities, 0 suits logits.
    """

    threshold: float = 0.5

    name = "binary"
    needs_outputs = False

    @property
    def parameters(self) -> Mapping[str, float]:
        """The threshold."""
        return {"threshold": self.threshold}

    def sentence(self) -> str:
        """The rule in words."""
        return f"yes or no: one score per image, yes above {self.threshold:g}"

    def decide(self, outputs: Outputs, images: int) -> Bools:
        """Bool (images,): yes; see `DecisionRule.decide`."""
        values = outputs[0]
        if values.shape[:1] != (images,) or values.size != images:
            raise GoldenFailed(
                f"an output of shape {values.shape} is not one score per image; --task multi-label "
                "takes several"
            )
        return np.asarray(values.reshape(images) > self.threshold)

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """Bool (images,): no instead of yes, or yes instead of no."""
        try:
            return np.asarray(self.decide(outputs, golden.images) != golden.decisions)
        except GoldenFailed:
            return np.ones(golden.images, bool)

    def remark(self, golden: Sequence[GoldenDecisions]) -> str:
        """One answer to all images; see `RemarkingRule.remark`."""
        found = {bool(yes) for batch in golden for yes in batch.decisions}
        return one_answer(found, images_of(golden), "yes" if True in found else "no")

    def predicted(self, outputs: Outputs, images: int, count: int) -> Ints:
        """Class 1 for yes, 0 for no, then the other one, as far as ``count`` asks.

        Args:
            outputs: as `decide` takes them.
            images: how many images they answer.
            count: how many classes per image.

        Returns:
            int64 (images, at most 2).
        """
        yes = self.decide(outputs, images).astype(np.int64)
        return np.stack([yes, 1 - yes], axis=1)[:, :count]

    def class_count(self, outputs: Outputs, images: int) -> int:
        """Two: no and yes."""
        return 2


@dataclass(frozen=True, slots=True)
class MultiLabel:
    """The set of labels whose score is above the threshold.

    Attributes:
        threshold: 0.5 suits probabilities, 0 suits logits.
    """

    threshold: float = 0.5

    name = "multi-label"
    needs_outputs = False

    @property
    def parameters(self) -> Mapping[str, float]:
        """The threshold."""
        return {"threshold": self.threshold}

    def sentence(self) -> str:
        """The rule in words."""
        return f"set of labels whose score is above {self.threshold:g}"

    def decide(self, outputs: Outputs, images: int) -> Bools:
        """Bool (images, labels): above the threshold; see `DecisionRule.decide`."""
        values = outputs[0]
        if values.shape[:1] != (images,):
            raise GoldenFailed(f"an output of shape {values.shape} has no row of scores per image")
        return np.asarray(values.reshape(images, -1) > self.threshold)

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """Bool (images,): at least one label appears or vanishes."""
        try:
            found = self.decide(outputs, golden.images)
        except GoldenFailed:
            return np.ones(golden.images, bool)
        if found.shape != golden.decisions.shape:
            return np.ones(golden.images, bool)
        return np.asarray((found != golden.decisions).any(axis=1))

    def remark(self, golden: Sequence[GoldenDecisions]) -> str:
        """One set of labels for all images; see `RemarkingRule.remark`."""
        found = {tuple(np.flatnonzero(row).tolist()) for b in golden for row in b.decisions}
        labels = ", ".join(map(str, next(iter(found), ())))
        said = f"the set of labels {labels}" if labels else f"no label above {self.threshold:g}"
        return one_answer(found, images_of(golden), said)
