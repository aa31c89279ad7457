"""The class of each image, and silent corruption by class, one image at a time."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Answer, Failure
from analyzer.evaluation.class_harm import ClassHarm, added
from analyzer.evaluation.image_classes import harm_by_class, image_classes
from analyzer.evaluation.outcomes import Outcomes
from analyzer.evaluation.rules.by_value import ByValue
from analyzer.evaluation.rules.classification import Classification
from analyzer.evaluation.rules.integers import Integers
from analyzer.evaluation.rules.rule import DecisionRule
from analyzer.evaluation.rules.thresholds import Binary, MultiLabel
from tests.evaluation.judging import judge_of

SCORES = np.array([[9, 1, 0], [0, 9, 1], [1, 0, 9], [9, 0, 1], [0, 1, 9]], np.float32)
LABELS = np.array([0, 1, 0, 1, -1])

rows = st.lists(st.tuples(st.integers(-1, 4), st.booleans(), st.booleans()), max_size=30)


def columns(found: list[tuple[int, bool, bool]]) -> tuple[Any, Any, Any]:
    classes = np.array([row[0] for row in found], np.int64)
    changed = np.array([row[1] for row in found], bool)
    critical = np.array([row[1] and row[2] for row in found], bool)
    return classes, changed, critical


@given(rows)
def test_harm_is_counted_image_by_image(found: list[tuple[int, bool, bool]]) -> None:
    expected: dict[int, list[int]] = {}
    for number, changed, critical in found:
        if changed:
            counts = expected.setdefault(number, [0, 0])
            counts[0] += 1
            counts[1] += critical
    got = harm_by_class(*columns(found))
    assert got == tuple(ClassHarm(n, *expected[n]) for n in sorted(expected))


@given(rows, rows)
def test_harm_adds(one: list[tuple[int, bool, bool]], other: list[tuple[int, bool, bool]]) -> None:
    parts = (harm_by_class(*columns(part)) for part in (one, other))
    assert added(*parts) == harm_by_class(*columns(one + other))


def test_labels_go_before_decisions_and_decisions_are_golden() -> None:
    rule, outputs = Classification(), (SCORES,)
    labelled = image_classes(rule, LABELS, outputs, len(SCORES))
    told = image_classes(rule, None, outputs, len(SCORES))
    assert labelled is not None
    assert told is not None
    assert labelled.tolist() == LABELS.tolist()
    assert told.tolist() == [0, 1, 2, 0, 2]


@pytest.mark.parametrize(
    ("rule", "output"),
    [
        pytest.param(MultiLabel(), SCORES, id="several labels of one image"),
        pytest.param(ByValue(), SCORES, id="values"),
        pytest.param(Integers(), SCORES.astype(np.int64), id="several integers of one image"),
    ],
)
def test_what_is_no_class_has_none(rule: DecisionRule, output: npt.NDArray[np.generic]) -> None:
    """Integer labels do not make classes of it: they may be values to be met."""
    assert image_classes(rule, LABELS, (output,), len(output)) is None
    assert image_classes(rule, None, (output,), len(output)) is None


def test_labels_that_are_no_classes_are_none() -> None:
    for labels in (LABELS.astype(float), np.zeros((5, 2), int)):
        assert image_classes(Classification(), labels, (SCORES,), len(SCORES)) is None
    yes = image_classes(Binary(), None, (SCORES[:, :1],), len(SCORES))
    assert yes is not None
    assert yes.tolist() == [1, 0, 1, 1, 0]


def judged(faulty: npt.NDArray[np.float32] | None, labels: npt.NDArray[np.int64]) -> Outcomes:
    """Outcomes of faulty scores, or of no answer."""
    judge = judge_of((SCORES,), len(SCORES))
    golden = judge.golden(Answer((SCORES,)), labels, len(SCORES))
    result = Failure("stopped") if faulty is None else Answer((faulty,))
    return judge.outcomes(golden, result, labels)


def test_a_judge_tells_silent_corruption_by_class() -> None:
    """A DUE is none; a class without harm is left out."""
    faulty = SCORES.copy()
    faulty[0] = [0, 1, 0]  # of class 0
    faulty[2] = [9, 0, 1]  # of class 0
    faulty[1] = np.nan  # of class 1, detected
    faulty[4] = [9, 0, 1]  # of no class
    found = judged(faulty, LABELS)
    assert (found.sdc, found.due) == (3, 1)
    assert found.by_class == (ClassHarm(-1, 1, 0), ClassHarm(0, 2, 0))
    assert judged(SCORES, LABELS).by_class == ()
    assert judged(None, LABELS).by_class == ()
