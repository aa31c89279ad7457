"""The protocol of decision rules: what the answer to an image is, and when it is another one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Outputs = tuple[npt.NDArray[Any], ...]
Decisions = Any
"""Golden's decisions in the form that a rule compares with; opaque to everybody else."""


@dataclass(frozen=True, slots=True)
class GoldenDecisions:
    """The fault-free decisions on one batch.

    Attributes:
        decisions: As `DecisionRule.decide` returned them.
        outputs: Golden's outputs, those with a row per image cut to the batch's images; empty where
            the rule does not need them (`DecisionRule.needs_outputs`).
        images: Images of the batch.
    """

    decisions: Decisions
    outputs: Outputs
    images: int


class DecisionRule(Protocol):
    """A definition of the model's decision on an image, found from the model or chosen by the user.

    Rules are immutable and can be pickled. Everything that a rule depends on (tolerances, axes,
    thresholds) is fixed before the first trial and is part of the plan of a campaign.

    A member is a frozen dataclass. Its fields are text, numbers or truth values with defaults, and
    ``--task NAME:field=value,field=value`` sets them. A member sees the outputs that it judges and
    no others; what judges one output finds it at place 0. The axis of images comes first in every
    output, whatever the model's own order is.
    """

    @property
    def name(self) -> str:
        """Name in ``--task``, journals and JSON: small letters, digits and dashes."""

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """Everything that decides what the rule answers, as it stands in plan and JSON."""

    @property
    def needs_outputs(self) -> bool:
        """True if comparing needs golden's outputs; else decisions are enough."""

    def sentence(self) -> str:
        """The rule as one sentence for text and HTML, e.g. "highest score of output 'logits'"."""

    def decide(self, outputs: Outputs, images: int) -> Decisions:
        """Decisions of a run without faults.

        Args:
            outputs: every output that is judged; those with a row per image are cut to ``images``.
            images: how many images the run answered.

        Raises:
            GoldenFailed: the outputs are not of the form that the rule needs. Metrics read faulty
                answers by this method as well; there the error means a score of 0.
        """

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """Tell the images whose decision is not golden's.

        Args:
            golden: the fault-free decisions on the same batch.
            outputs: every judged output under faults, cut likewise. Shapes may differ from golden's
                where the model's shapes depend on values; NaN and infinity may occur.

        Returns:
            bool (images,). An image whose decision cannot be read counts as changed.
        """


class UnfittedRule(DecisionRule, Protocol):
    """A rule with a part that depends on the whole data set, such as the range of an output."""

    def fitted(self, golden: Sequence[Outputs]) -> DecisionRule:
        """The rule with that part fixed.

        Args:
            golden: the judged outputs of every batch, without faults.
        """


class ClassRule(DecisionRule, Protocol):
    """A rule whose decisions are classes, which labels can confirm."""

    def predicted(self, outputs: Outputs, images: int, count: int) -> Ints:
        """The best classes of each image, the best one first.

        Args:
            outputs: as `DecisionRule.decide` takes them.
            images: how many images they answer.
            count: how many classes per image.

        Returns:
            int64 (images, at most ``count``).

        Raises:
            GoldenFailed: as `DecisionRule.decide`.
        """

    def class_count(self, outputs: Outputs, images: int) -> int | None:
        """Number of classes; None if the answers do not tell.

        Args:
            outputs: as `DecisionRule.decide` takes them.
            images: how many images they answer.
        """


def as_class_rule(rule: DecisionRule) -> ClassRule | None:
    """The rule as one whose decisions are classes; None if they are something else."""
    return cast(ClassRule, rule) if hasattr(type(rule), "predicted") else None


def as_unfitted(rule: DecisionRule) -> UnfittedRule | None:
    """The rule as one that depends on the whole data set; None if it does not."""
    return cast(UnfittedRule, rule) if hasattr(type(rule), "fitted") else None
