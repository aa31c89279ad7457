"""Remarks on the fault-free answers: on how many decisions the figures of a report rest."""

from collections.abc import Sequence

from analyzer.evaluation.definition import AnswerDefinition
from analyzer.evaluation.outcome import Golden
from analyzer.evaluation.rules.remarks import as_remarking
from analyzer.evaluation.rules.rule import DecisionRule, GoldenDecisions, as_class_rule
from analyzer.evaluation.rules.several import Several

SAME = "without faults the model gives the same answer to every input"


def golden_remarks(definition: AnswerDefinition, golden: Sequence[Golden]) -> tuple[str, ...]:
    """Half sentences on fault-free answers that tell little about faults; often none.

    Args:
        definition: of an answer, fitted to the data set.
        golden: the fault-free answers to every batch.
    """
    same = _same_to_all(golden)
    rule = definition.rule
    if same and as_class_rule(rule) is not None:
        return (SAME,)  # the one class of all follows from it
    decisions = [batch.decisions for batch in golden]
    return (*((SAME,) if same else ()), *_of_rule(rule, decisions))


def _same_to_all(golden: Sequence[Golden]) -> bool:
    """True if nothing in several inputs makes a difference to the model."""
    images = sum(batch.decisions.images for batch in golden)
    rows = {batch.only_row for batch in golden}
    return images > 1 and len(rows) == 1 and "" not in rows


def _of_rule(rule: DecisionRule, golden: Sequence[GoldenDecisions]) -> list[str]:
    """The remarks of a rule, or of each of its parts with the name of the output."""
    if isinstance(rule, Several):
        return [
            f"output {part.output!r}: {said}"
            for place, part in enumerate(rule.parts)
            for said in _of_rule(part.rule, [batch.decisions[place] for batch in golden])
        ]
    remarking = as_remarking(rule)
    said = "" if remarking is None else remarking.remark(golden)
    return [said] if said else []
