"""The family of decision rules: one file per member, `RULES`, the one list, and `rule_named`."""

from typing import Any

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption
from analyzer.evaluation.rules.by_value import ByValue, MapScores
from analyzer.evaluation.rules.classification import Classification
from analyzer.evaluation.rules.detection.rule import Detection
from analyzer.evaluation.rules.embeddings import Cosine, NearestNeighbour
from analyzer.evaluation.rules.given_fields import given_fields
from analyzer.evaluation.rules.integers import Integers
from analyzer.evaluation.rules.own import OwnRule
from analyzer.evaluation.rules.regression import Regression
from analyzer.evaluation.rules.rule import DecisionRule
from analyzer.evaluation.rules.segmentation import Segmentation
from analyzer.evaluation.rules.sequences import Sequence
from analyzer.evaluation.rules.thresholds import Binary, MultiLabel
from analyzer.evaluation.user_code import is_user_code, user_function

RULES: tuple[type[Any], ...] = (
    Classification,
    Binary,
    MultiLabel,
    Integers,
    Regression,
    MapScores,
    ByValue,
    Segmentation,
    Detection,
    Sequence,
    Cosine,
    NearestNeighbour,
)
"""Every rule that a name chooses. A rule's fields are what ``NAME:field=value`` sets."""

FOUND: dict[type[Any], tuple[str, ...]] = {
    Regression: ("ranges",),
    Detection: ("layout",),
    NearestNeighbour: ("gallery",),
}
"""Rule -> fields that are found from the model's answers, and no user sets."""


def rule_names() -> tuple[str, ...]:
    """Names of all rules that ``--task`` takes."""
    return tuple(rule.name for rule in RULES)


def rule_named(text: str) -> DecisionRule:
    """The rule that ``--task`` names.

    Args:
        text: ``NAME``, ``NAME:field=value,field=value``, or ``module.py:function``.

    Raises:
        BadOption: there is no such rule, no such field, or a value that the field does not take.

    >>> rule_named("binary:threshold=0.25").parameters
    {'threshold': 0.25}
    """
    if is_user_code(text):
        return OwnRule(user_function(text, "task"))
    name, _, settings = text.partition(":")
    found = next((rule for rule in RULES if rule.name == name), None)
    if found is None:
        raise BadOption(
            f"--task {name!r} is unknown{meant(name, rule_names())}; use "
            f"{', '.join(rule_names())}, or module.py:function"
        )
    given = given_fields("--task", text, found, settings, FOUND.get(found, ()))
    rule: DecisionRule = found(**given)
    return rule
