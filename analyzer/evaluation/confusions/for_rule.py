"""Critical confusions among the decisions of a rule, if these are classes."""

from collections.abc import Sequence

from analyzer.errors import BadOption, GoldenFailed
from analyzer.evaluation.confusions.confusions import Confusions
from analyzer.evaluation.confusions.resolve import resolve_confusions
from analyzer.evaluation.confusions.rows import SeverityTable
from analyzer.evaluation.rules.classification import Classification
from analyzer.evaluation.rules.rule import DecisionRule, Outputs, as_class_rule
from analyzer.evaluation.rules.several import Several


def confusions_for(
    table: SeverityTable, rule: DecisionRule, outputs: Outputs, images: int, names: Sequence[str]
) -> Confusions:
    """The critical confusions among the decisions of a rule.

    Args:
        table: says which are critical.
        rule: of the answers.
        outputs: golden's rows of the first batch, of the outputs that the rule judges.
        images: of this batch.
        names: of the model's classes, in their order; empty: it states none.

    Raises:
        BadOption: the decision on an image is not one class.
        BadSeverityTable: the table does not fit the classes.
    """
    classes = as_class_rule(rule)
    if classes is None or (isinstance(rule, Classification) and rule.top > 1):
        raise BadOption(_no_class(rule))
    try:
        classes.predicted(outputs, images, 1)
    except GoldenFailed as error:
        raise BadOption(_no_class(rule)) from error
    count = classes.class_count(outputs, images)
    return resolve_confusions(table.rows, names, count, table.source)


def _no_class(rule: DecisionRule) -> str:
    """The refusal, and what to do."""
    do = "leave --severity out"
    if isinstance(rule, Several):
        do = "if an output holds classes, name it by --output"
    return (
        "--severity tells critical confusions of one class with another, and the decision on an "
        f"image is here: {rule.sentence()}; {do}"
    )
