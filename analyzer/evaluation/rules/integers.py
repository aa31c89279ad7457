"""Integer answers: class numbers, tokens, masks. They are decisions already, equal or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadOption, GoldenFailed
from analyzer.evaluation.rules.rule import Bools, GoldenDecisions, Ints, Outputs


@dataclass(frozen=True, slots=True)
class Integers:
    """Every number equal, or all but a share of them.

    Attributes:
        share: Share of an image's numbers that may differ, in [0, 1); 0: none.
    """

    share: float = 0.0

    name = "integers"
    needs_outputs = False

    def __post_init__(self) -> None:
        """Refuse a share that judges nothing.

        Raises:
            BadOption: the share is not in [0, 1).
        """
        if not 0.0 <= self.share < 1.0:
            raise BadOption(f"--task integers: share={self.share:g} must be from 0 to below 1")

    @property
    def parameters(self) -> Mapping[str, float]:
        """The share."""
        return {"share": self.share}

    def sentence(self) -> str:
        """The rule in words."""
        if not self.share:
            return "integers as they are: changed if any of an image differs"
        return f"integers as they are: changed if more than {self.share:g} of an image's differ"

    def decide(self, outputs: Outputs, images: int) -> npt.NDArray[Any]:
        """The numbers, (images, ...); see `DecisionRule.decide`."""
        values = outputs[0]
        if values.shape[:1] != (images,) or values.dtype.kind not in "iub":
            raise GoldenFailed(
                f"an output of {values.dtype} and shape {values.shape} is no row of integers per "
                "image; name another rule by --task"
            )
        return values

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """Bool (images,): more numbers differ than may."""
        found, reference = outputs[0], golden.decisions
        if found.shape != reference.shape:
            return np.ones(golden.images, bool)
        differ = (found != reference).reshape(golden.images, -1)
        return np.asarray(differ.sum(axis=1) > self.share * differ.shape[1])

    def predicted(self, outputs: Outputs, images: int, count: int) -> Ints:
        """The one number of each image as its class.

        Args:
            outputs: as `decide` takes them.
            images: how many images they answer.
            count: how many classes per image; there is but one.

        Returns:
            int64 (images, 1).

        Raises:
            GoldenFailed: an image has several numbers.
        """
        values = self.decide(outputs, images)
        if values.size != images:
            raise GoldenFailed(f"an output of shape {values.shape} is not one class per image")
        return values.reshape(images, 1).astype(np.int64)

    def class_count(self, outputs: Outputs, images: int) -> None:
        """None: numbers do not tell how many classes there are."""
