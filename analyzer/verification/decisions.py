"""Judging decisions alone, on one batch: where two ways to run a model are compared."""

from dataclasses import replace

import numpy as np

from analyzer.answers import Result
from analyzer.evaluation.definition import AnswerDefinition
from analyzer.evaluation.metrics import AGREEMENT
from analyzer.evaluation.outcome import Judge

Pair = tuple[Result, Result]
"""A golden answer, and an answer under faults to the same batch."""


def judge_of_decisions(definition: AnswerDefinition, golden: Result, images: int) -> Judge:
    """A judge of decisions, whose ranges are those of one batch.

    Args:
        definition: of an answer; its metric does not matter.
        golden: the fault-free answer to the batch.
        images: rows of the batch that count, 1 or more.

    Raises:
        GoldenFailed: the fault-free model fails or answers NaN.
    """
    plain = Judge(replace(definition, metric=AGREEMENT, scored=None))
    judge, _ = plain.fitted([plain.golden(golden, None, images)])
    return judge


def same_outcomes(judge: Judge, images: int, one: Pair, other: Pair) -> bool:
    """True if every image has the same outcome: masked, SDC or DUE.

    Args:
        judge: of decisions.
        images: rows of the batch that count, 1 or more.
        one: the answers of an executor.
        other: the answers of another executor, judged by its own golden answer.
    """
    marks = [
        judge.classes(judge.golden(golden, None, images), found) for golden, found in (one, other)
    ]
    return bool(np.array_equal(marks[0], marks[1]))
