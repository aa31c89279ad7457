"""The definition of an answer: the outputs that are judged, their rule, and the metric."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from analyzer.evaluation.confusions.confusions import Confusions
from analyzer.evaluation.image_axis import FIRST, ImageAxis
from analyzer.evaluation.metrics.metric import Metric
from analyzer.evaluation.rules.classification import Classification
from analyzer.evaluation.rules.detection.rule import Detection
from analyzer.evaluation.rules.own import OwnRule
from analyzer.evaluation.rules.rule import DecisionRule, GoldenDecisions, Outputs
from analyzer.evaluation.rules.several import Several, fitted_rule


class Chosen(StrEnum):
    """The party that chose the rule."""

    FOUND = "found"
    ASKED = "asked"


@dataclass(frozen=True)
class AnswerDefinition:
    """The decision on an image, and the score of an answer, fixed before the first trial.

    Attributes:
        names: Names of all outputs of the model, in its order.
        axes: The place of the images in each output.
        judged: Indices of the outputs that the rule sees, in the order in which it sees them.
        watched: Indices of the outputs in which NaN and infinity are detected errors.
        rule: Tells changed decisions.
        metric: Scores answers.
        scored: Place among the rule's parts of the output that the metric sees; None: all that the
            rule sees.
        chosen: Who chose the rule.
        labels_unused: Why labels that there are have no part in any figure; empty: they have, or
            there are none.
        confusions: Changes of class that are critical; None: nothing tells.
    """

    names: tuple[str, ...]
    axes: tuple[ImageAxis, ...]
    judged: tuple[int, ...]
    watched: tuple[int, ...]
    rule: DecisionRule
    metric: Metric
    scored: int | None = None
    chosen: Chosen = Chosen.FOUND
    labels_unused: str = ""
    confusions: Confusions | None = None

    @property
    def judged_names(self) -> tuple[str, ...]:
        """Names of the outputs that the rule sees."""
        return tuple(self.names[index] for index in self.judged)

    @property
    def side_names(self) -> tuple[str, ...]:
        """Names of the outputs in which only NaN and infinity count."""
        return tuple(self.names[index] for index in self.watched if index not in self.judged)

    @property
    def scored_rule(self) -> DecisionRule:
        """The rule of the outputs that the metric sees."""
        if self.scored is None:
            return self.rule
        assert isinstance(self.rule, Several), "only its parts are scored alone"
        return self.rule.parts[self.scored].rule

    def scored_outputs(self, judged: Outputs) -> Outputs:
        """Those of the judged outputs that the metric sees."""
        return judged if self.scored is None else (judged[self.scored],)

    def fitted(self, golden: Sequence[GoldenDecisions]) -> "AnswerDefinition":
        """The definition with whatever depends on the whole data set.

        Args:
            golden: the fault-free decisions on every batch.
        """
        return replace(self, rule=fitted_rule(self.rule, golden))

    @property
    def function(self) -> str:
        """The user's own metric, ``file.py:function``; empty: it is one of the list."""
        own = getattr(self.metric, "function", None)
        return own.shown if own is not None else ""

    @property
    def content(self) -> dict[str, Any]:
        """Everything that decides outcomes, for the id of a plan.

        Empty for the highest score of the one output of a classifier, so that plans of classifiers
        have the ids that they always had.
        """
        own = getattr(self.metric, "function", None)
        if own is None and self.is_usual and self.confusions is None:
            return {}
        found: dict[str, Any] = {
            "rule": self.rule.name,
            "parameters": dict(self.rule.parameters),
            "outputs": list(self.judged_names),
        }
        if self.scored is not None:
            found["scored"] = self.judged_names[self.scored]
        if self.side_names:
            found["watched"] = list(self.side_names)
        if own is not None:
            found["metric"] = {"function": own.shown, "sha256": own.digest}
        if self.confusions is not None:
            found["critical"] = self.confusions.content
        return found

    @property
    def is_usual(self) -> bool:
        """True for the highest score along axis 1 of a model's only output."""
        return self.rule == Classification() and len(self.names) == 1 and self.axes == (FIRST,)

    def sentence(self) -> str:
        """The rule with its outputs and who chose it, for text and HTML."""
        names = ", ".join(repr(name) for name in self.judged_names)
        outputs = "" if isinstance(self.rule, Several) else f" of {names}"
        how = "found from the model" if self.chosen is Chosen.FOUND else "as asked"
        return f"{self.rule.sentence()} ({self.rule.name}{outputs}, {how})"

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """Everything that decides what the rule answers."""
        return self.rule.parameters


def takes_several(rule: DecisionRule) -> bool:
    """True for rules that judge several outputs together, such as boxes and their scores."""
    return isinstance(rule, OwnRule | Detection)
