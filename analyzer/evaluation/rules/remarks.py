"""Remarks of decision rules on fault-free decisions that tell little about faults."""

from collections.abc import Sequence
from typing import Any, Protocol, cast

from analyzer.evaluation.rules.rule import DecisionRule, GoldenDecisions

FEW = 0.5
"""Where fewer images than this share hold anything to be found, a remark says so."""


class RemarkingRule(DecisionRule, Protocol):
    """A rule that can tell fault-free decisions on which figures rest badly.

    Random inputs, or data that the model does not know, often give such decisions: a detector finds
    nothing, a classifier answers with one class. The figures are right, and tell little.
    """

    def remark(self, golden: Sequence[GoldenDecisions]) -> str:
        """Half a sentence on fault-free decisions that tell little; empty: nothing to say.

        Args:
            golden: the decisions on every batch of the data set.
        """


def as_remarking(rule: DecisionRule) -> RemarkingRule | None:
    """The rule as one that remarks on fault-free decisions; None if it has nothing to say."""
    return cast(RemarkingRule, rule) if hasattr(type(rule), "remark") else None


def one_answer(answers: set[Any], images: int, said: str) -> str:
    """A remark if several images have one answer; else empty.

    Args:
        answers: the different answers to all images.
        images: how many there are.
        said: what the remark says every input gets.
    """
    if images < 2 or len(answers) != 1:
        return ""
    return f"without faults all {images} inputs get {said}: the figures rest on this answer alone"


def images_of(golden: Sequence[GoldenDecisions]) -> int:
    """Images of all batches together."""
    return sum(batch.images for batch in golden)


def few_found(some: int, images: int, what: str, one: str) -> str:
    """A remark if few images hold anything that a fault could take away; else empty.

    Args:
        some: images that do.
        images: how many there are.
        what: the thing that is found, e.g. "any detection".
        one: the same as something that faults may add, e.g. "a box".

    >>> few_found(1, 4, "any word", "a word")
    'without faults 1 of 4 images has any word: in the others a fault shows only if it adds a word'
    >>> few_found(2, 4, "any word", "a word")
    ''
    """
    if some >= FEW * images:
        return ""
    if not some:
        return f"without faults no image has {what}: a fault shows only if it adds {one}"
    have = "has" if some == 1 else "have"
    return (
        f"without faults {some} of {images} images {have} {what}: in the others a fault shows "
        f"only if it adds {one}"
    )
