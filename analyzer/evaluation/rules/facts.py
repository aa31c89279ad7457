"""Facts about a model's outputs, by which a rule is recognized."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.evaluation.rules.rule import DecisionRule, Outputs

UNIT_MARGIN = 1e-4
"""By how much numbers between 0 and 1 may miss them, and sums may miss 1, from rounding."""

SEVERAL = "the rule judges one output"


@dataclass(frozen=True, slots=True)
class OutputFacts:
    """The outputs that are judged, as the file declares them and as golden answered one batch.

    A rule that judges one output is asked about facts of that output alone.

    Attributes:
        names: of the outputs.
        outputs: golden's, in the same order, the axis of images first.
        images: how many images golden answered.
        operators: operator that produces each output, e.g. ``Softmax``; empty where not known.
        input_shape: shape of the first input as it was fed, the batch first; empty if not known.
    """

    names: tuple[str, ...]
    outputs: Outputs
    images: int
    operators: tuple[str, ...] = ()
    input_shape: tuple[int, ...] = ()

    def only(self, output: int) -> "OutputFacts":
        """The facts about one output, by its position."""
        operators = (self.operator(output),)
        return replace(
            self,
            names=(self.names[output],),
            outputs=(self.outputs[output],),
            operators=operators,
        )

    def operator(self, output: int) -> str:
        """Operator that produces an output, by its position; empty if not known."""
        return self.operators[output] if output < len(self.operators) else ""

    def named(self, output: int, *words: str) -> bool:
        """True if one of these words occurs in an output's name.

        Args:
            output: its position.
            words: in small letters.
        """
        return any(word in self.names[output].lower() for word in words)

    def canvas(self) -> tuple[int, int] | None:
        """Height and width of the images that were fed; None if the input is no image."""
        if len(self.input_shape) != 4:
            return None
        _, first, second, last = self.input_shape
        return (first, second) if last in (1, 3, 4) and first > 4 else (second, last)


Recognizer = Callable[[OutputFacts], DecisionRule | str]
"""Returns the rule that suits the outputs, or a sentence why the rule does not apply."""


def within_unit(values: npt.NDArray[Any]) -> bool:
    """True if every number is between 0 and 1, up to rounding; of no numbers, too.

    >>> within_unit(np.array([0.0, 1.0])), within_unit(np.array([-0.5]))
    (True, False)
    """
    return bool(((values >= -UNIT_MARGIN) & (values <= 1 + UNIT_MARGIN)).all())


def sums_to_one(values: npt.NDArray[Any], axis: int) -> bool:
    """True if numbers are probabilities: none is negative, and all sum to 1 along an axis.

    Args:
        values: numbers of any shape.
        axis: along which they are summed.
    """
    if not within_unit(values):
        return False
    # Half precision rounds each of many summands.
    margin = 10 * UNIT_MARGIN if values.dtype.itemsize > 2 else 0.05
    return bool((np.abs(values.sum(axis=axis, dtype=np.float64) - 1) <= margin).all())


def whole(values: npt.NDArray[Any]) -> bool:
    """True if every number is whole, be it stored as an integer or not.

    >>> whole(np.array([3.0, -1.0])), whole(np.array([0.5]))
    (True, False)
    """
    if values.dtype.kind in "iu":
        return True
    return bool((np.isfinite(values) & (values == np.rint(values))).all())
