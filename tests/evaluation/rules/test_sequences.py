"""Sequences: greedy CTC decoding, equality of tokens, recognition, scores by labels."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analyzer.errors import GoldenFailed
from analyzer.evaluation.rules.edit_distance import (
    edit_distances,
    exact_scores,
    lengths,
    token_scores,
)
from analyzer.evaluation.rules.facts import OutputFacts
from analyzer.evaluation.rules.pixel_scores import UNITS
from analyzer.evaluation.rules.rule import GoldenDecisions
from analyzer.evaluation.rules.sequences import CTC, PAD, SCORED, TOKENS, Sequence, suits
from tests.evaluation.rules import slow


def one_hot(steps: Any, tokens: int = 4) -> npt.NDArray[np.float32]:
    return np.asarray(np.eye(tokens, dtype=np.float32)[np.asarray(steps, np.int64)])


STEPS = hnp.arrays(
    np.int64, st.tuples(st.integers(1, 3), st.integers(0, 7)), elements=st.integers(0, 3)
)


def taken_apart(tokens: npt.NDArray[np.int64]) -> list[list[int]]:
    return [row[:n].tolist() for row, n in zip(tokens, lengths(tokens), strict=True)]


@given(STEPS, st.integers(0, 3))
def test_ctc_is_decoded_step_by_step(steps: npt.NDArray[np.int64], blank: int) -> None:
    found = Sequence(CTC, blank).decide((one_hot(steps),), len(steps))
    assert taken_apart(found) == [slow.ctc(row, blank) for row in steps.tolist()]


@given(st.data(), STEPS, st.integers(0, 3))
def test_ctc_differs_where_the_text_does(
    data: st.DataObject, steps: npt.NDArray[np.int64], blank: int
) -> None:
    """Other steps, in other numbers, may spell the same text."""
    other = data.draw(
        hnp.arrays(np.int64, (len(steps), data.draw(st.integers(0, 7))), elements=st.integers(0, 3))
    )
    rule = Sequence(CTC, blank)
    golden = GoldenDecisions(rule.decide((one_hot(steps),), len(steps)), (), len(steps))
    expected = [
        slow.ctc(a, blank) != slow.ctc(b, blank)
        for a, b in zip(steps.tolist(), other.tolist(), strict=True)
    ]
    assert rule.changed(golden, (one_hot(other),)).tolist() == expected


def test_worked_example_of_ctc() -> None:
    """Blank 0: "hello" needs a blank between its two l (3); here 1 2 3 0 3."""
    rule = Sequence(CTC, 0)
    steps = [[1, 1, 2, 3, 0, 3, 0]]
    assert rule.decide((one_hot(steps),), 1).tolist() == [[1, 2, 3, 3]]
    golden = GoldenDecisions(rule.decide((one_hot(steps),), 1), (), 1)
    assert rule.changed(golden, (one_hot([[1, 2, 2, 3, 0, 0, 3]]),)).tolist() == [False]
    assert rule.changed(golden, (one_hot([[1, 1, 2, 3, 3, 3, 0]]),)).tolist() == [True]
    assert Sequence(CTC, 3).decide((one_hot(steps),), 1).tolist() == [[1, 2, 0, 0]]


@given(STEPS, st.data())
def test_each_token_counts_without_ctc(steps: npt.NDArray[np.int64], data: st.DataObject) -> None:
    other = data.draw(hnp.arrays(np.int64, steps.shape, elements=st.integers(0, 3)))
    expected = [a != b for a, b in zip(steps.tolist(), other.tolist(), strict=True)]
    for rule, first, second in (
        (Sequence(TOKENS), steps, other),
        (Sequence(SCORED), one_hot(steps), one_hot(other)),
    ):
        golden = GoldenDecisions(rule.decide((first,), len(steps)), (), len(steps))
        assert rule.changed(golden, (second,)).tolist() == expected


def test_another_length_differs_without_ctc() -> None:
    golden = GoldenDecisions(np.array([[1, 2]]), (), 1)
    assert Sequence(TOKENS).changed(golden, (np.array([[1, 2, PAD]]),)).tolist() == [True]


@pytest.mark.parametrize("kind", [TOKENS, SCORED, CTC])
def test_other_forms_are_refused_and_count_as_changed(kind: str) -> None:
    rule = Sequence(kind)
    for values in (np.zeros((1, 2, 0)), np.zeros((2,)), np.zeros((0, 3, 4)), np.array(["a"])):
        with pytest.raises(GoldenFailed, match="sequence"):
            rule.decide((values,), 1)
        assert rule.changed(GoldenDecisions(np.zeros((1, 2), int), (), 1), (values,)).all()


def test_what_a_rule_says_and_states() -> None:
    assert dict(Sequence(CTC, 5).parameters) == {"kind": "ctc", "blank": 5}
    assert "blank 5" in Sequence(CTC, 5).sentence()
    assert dict(Sequence(SCORED).parameters) == {"kind": "highest"}
    assert "highest" in Sequence(SCORED).sentence()
    assert "model answers" in Sequence(TOKENS).sentence()


def test_broken_scores_do_not_stop_decoding() -> None:
    scores = one_hot([[1, 2, 3]])
    scores[0, 1] = np.nan
    scores[0, 2] = -np.inf
    assert Sequence(CTC, 3).decide((scores,), 1).tolist() == [[1, 0]]


RANDOM = np.random.default_rng(0)


def softmax(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    powers = np.exp(values)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def facts(values: npt.NDArray[Any], name: str = "y", operator: str = "") -> OutputFacts:
    return OutputFacts((name,), (values,), len(values), (operator,))


MOSTLY_BLANK = one_hot([[0, 0, 1, 0, 2, 0], [3, 0, 0, 0, 0, 1]])


@pytest.mark.parametrize(
    ("values", "name", "operator", "rule"),
    [
        (MOSTLY_BLANK, "y", "", Sequence(CTC, 0)),
        (MOSTLY_BLANK[..., ::-1], "y", "", Sequence(CTC, 3)),
        (MOSTLY_BLANK * 9 - 4, "logits", "", Sequence(CTC, 0)),
        (MOSTLY_BLANK * 9 - 14, "y", "LogSoftmax", Sequence(CTC, 0)),
        (9 * one_hot([[0, 0, 5, 0, 7, 0]], 40) - 4, "387", "Add", Sequence(CTC, 0)),
        (softmax(RANDOM.normal(size=(2, 9, 30))), "y", "", Sequence(SCORED)),
        (RANDOM.integers(0, 99, (2, 12)), "y", "", Sequence(TOKENS)),
    ],
)
def test_sequences_are_recognized(
    values: npt.NDArray[Any], name: str, operator: str, rule: Sequence
) -> None:
    assert suits(facts(values, name, operator)) == rule


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (RANDOM.normal(size=(2, 9, 30)), "features"),
        (RANDOM.normal(size=(2, 9, 40)), "features"),
        (9 * one_hot([[0, 0, 5, 0, 7, 0]], 35) - 4, "features"),
        (9 * one_hot([[0, 0, 0, 0]], 40) - 4, "features"),
        (RANDOM.normal(size=(2, 9)), "steps"),
        (RANDOM.integers(0, 9, (2, 1)), "one number"),
    ],
)
def test_other_outputs_are_not_taken_for_sequences(values: npt.NDArray[Any], why: str) -> None:
    found = suits(facts(values))
    assert isinstance(found, str)
    assert why in found


TEXTS = st.lists(st.lists(st.integers(0, 2), max_size=5), min_size=2, max_size=2)


def as_tokens(texts: list[list[int]]) -> npt.NDArray[np.int64]:
    width = max(map(len, texts)) + 1
    return np.array([text + [PAD] * (width - len(text)) for text in texts], np.int64)


@given(TEXTS, TEXTS)
def test_scores_token_by_token(answers: list[list[int]], labels: list[list[int]]) -> None:
    found, right = as_tokens(answers), as_tokens(labels)
    wrong = [slow.edit_distance(a, b) for a, b in zip(answers, labels, strict=True)]
    assert edit_distances(found, right).tolist() == wrong
    exact = [int(a == b) for a, b in zip(answers, labels, strict=True)]
    assert exact_scores(found, right).tolist() == exact
    shares = [
        max(0, 1 - w / len(b)) if b else float(not a)
        for w, a, b in zip(wrong, answers, labels, strict=True)
    ]
    assert np.abs(token_scores(found, right) - np.array(shares) * UNITS).max() <= 0.51


def test_no_token_at_all() -> None:
    nothing = np.zeros((2, 0), np.int64)
    assert edit_distances(nothing, nothing).tolist() == [0, 0]
    assert edit_distances(nothing, np.array([[1, 2], [PAD, PAD]])).tolist() == [2, 0]
    assert token_scores(nothing, nothing).tolist() == [UNITS, UNITS]
