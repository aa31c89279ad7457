"""What a trial showed: masked, SDC or DUE, and whether the answer is right."""

from dataclasses import astuple, replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analyzer.answers import Answer, Failure
from analyzer.errors import BadOption, DataMismatch, GoldenFailed
from analyzer.evaluation.choose import Asked
from analyzer.evaluation.dataset import Labels
from analyzer.evaluation.metrics import AGREEMENT, TOP1, TOP5
from analyzer.evaluation.metrics.metric import Metric
from analyzer.evaluation.outcomes import Outcomes
from tests.evaluation.judging import define, judge_of, labelled

METRICS = (TOP1, TOP5, AGREEMENT)

Scores = npt.NDArray[np.float32]

NAN, INF = float("nan"), float("inf")

GOLDEN = np.array([[9, 1, 0], [0, 9, 1], [1, 0, 9], [9, 0, 1]], np.float32)
LABELS = np.array([0, 1, 0, 1])
"""Images 0 and 1 are right without faults, 2 and 3 are wrong."""

FAULTY = st.one_of(st.floats(-9, 9, width=32), st.sampled_from([NAN, INF, -INF]))


def judge(
    faulty: Scores | Failure,
    metric: Metric = TOP1,
    golden: Scores = GOLDEN,
    labels: Labels | None = LABELS,
) -> Outcomes:
    """Outcomes of one run against golden; those by class are the subject of test_image_classes."""
    result = faulty if isinstance(faulty, Failure) else Answer((faulty,))
    referee = judge_of((golden,), len(golden), metric)
    before = referee.golden(Answer((golden,)), labels, len(golden))
    return replace(referee.outcomes(before, result, labels), by_class=())


def changed(*rows: tuple[int, list[float]]) -> Scores:
    """Golden scores with some rows replaced."""
    scores = GOLDEN.copy()
    for row, values in rows:
        scores[row] = values
    return scores


@pytest.mark.parametrize(
    ("faulty", "sdc", "due", "lost", "gained"),
    [
        pytest.param(GOLDEN, 0, 0, 0, 0, id="nothing changed"),
        pytest.param(GOLDEN * 0.5, 0, 0, 0, 0, id="other scores, same decisions"),
        pytest.param(changed((0, [1, 9, 0])), 1, 0, 1, 0, id="right becomes wrong"),
        pytest.param(changed((2, [9, 0, 1])), 1, 0, 0, 1, id="wrong becomes right"),
        pytest.param(changed((2, [1, 9, 0])), 1, 0, 0, 0, id="wrong becomes wrong otherwise"),
        pytest.param(changed((0, [NAN, 1, 0])), 0, 1, 1, 0, id="NaN in a right answer"),
        pytest.param(changed((2, [NAN, 1, 0])), 0, 1, 0, 0, id="NaN in a wrong answer"),
        pytest.param(changed((0, [INF, 1, 0])), 0, 1, 1, 0, id="infinity keeps the decision"),
        pytest.param(changed((2, [INF, 0, 1])), 0, 1, 0, 0, id="infinity at the label: not right"),
        pytest.param(changed((0, [9, 1, -INF])), 0, 1, 1, 0, id="minus infinity elsewhere"),
        pytest.param(
            changed((0, [1, 9, 0]), (1, [NAN] * 3), (3, [1, 9, 0])), 2, 1, 2, 1, id="each at once"
        ),
        pytest.param(Failure("out of bounds"), 0, 4, 2, 0, id="runtime failure"),
    ],
)
def test_outcomes(faulty: Scores | Failure, sdc: int, due: int, lost: int, gained: int) -> None:
    assert judge(faulty) == Outcomes(4, sdc, due, 4 - sdc - due, lost, gained, right=2)


@given(hnp.arrays(np.float32, (4, 3), elements=FAULTY), st.sampled_from(METRICS))
def test_outcomes_against_an_oracle_that_looks_at_one_image_at_a_time(
    faulty: Scores, metric: Metric
) -> None:
    sdc = due = lost = gained = right = 0
    for row, golden, label in zip(faulty, GOLDEN, LABELS, strict=True):
        announced = not all(np.isfinite(value) for value in row)
        moved = not announced and int(np.argmax(row)) != int(np.argmax(golden))
        if metric is AGREEMENT:
            was, now = True, not announced and not moved
        elif metric is TOP5:  # three classes: every label is among the five
            was, now = True, not announced
        else:
            was, now = int(np.argmax(golden)) == label, int(np.argmax(row)) == label
        now = now and not announced
        right += was
        sdc, due = sdc + moved, due + announced
        lost, gained = lost + (was and not now), gained + (now and not was)
    assert judge(faulty, metric) == Outcomes(4, sdc, due, 4 - sdc - due, lost, gained, right)


def test_top5_asks_for_the_label_among_the_five_highest() -> None:
    golden = np.arange(12, dtype=np.float32)[::-1].reshape(2, 6)
    labels = np.array([4, 5])
    faulty = golden.copy()
    faulty[0, 4], faulty[0, 5] = faulty[0, 5], faulty[0, 4]
    faulty[1, 4], faulty[1, 5] = faulty[1, 5], faulty[1, 4]
    assert judge(faulty, TOP5, golden, labels) == Outcomes(2, 0, 0, 2, 1, 1, 1)


def test_agreement_needs_no_labels() -> None:
    faulty = changed((0, [1, 9, 0]), (2, [NAN, 0, 0]))
    assert judge(faulty, AGREEMENT, labels=None) == Outcomes(4, 1, 1, 2, 2, 0, 4)


REGRESSION = np.array([[[0, 50], [9, 20], [9, 20]], [[100, 20], [9, 20], [9, 20]]], np.float32)
"""Two images of three places with two channels: the ranges are 100 and 30."""


@pytest.mark.parametrize(("shift", "sdc"), [(0.0, 0), (0.29, 0), (0.31, 1), (-0.31, 1)])
def test_numbers_are_corrupted_when_they_move_by_1_percent_of_the_range_of_their_channel(
    shift: float, sdc: int
) -> None:
    faulty = REGRESSION.copy()
    faulty[1, 0, 1] += shift
    found = judge(faulty, AGREEMENT, REGRESSION, None)
    assert found == Outcomes(2, sdc, 0, 2 - sdc, sdc, 0, 2)


def test_nan_is_due_in_other_outputs_too() -> None:
    faulty = REGRESSION.copy()
    faulty[0, 0, 0] = NAN
    assert judge(faulty, AGREEMENT, REGRESSION, None) == Outcomes(2, 0, 1, 1, 1, 0, 2)


def test_infinity_that_golden_has_too_is_no_error_and_hides_none() -> None:
    golden = np.array([[[-INF, 0], [0, 0]], [[100, 20], [0, 0]]], np.float32)
    assert judge(golden.copy(), AGREEMENT, golden, None) == Outcomes(2, masked=2, right=2)
    moved = golden.copy()
    moved[0, 0, 1] = 50.0
    assert judge(moved, AGREEMENT, golden, None) == Outcomes(2, 1, 0, 1, 1, 0, 2)
    worse = golden.copy()
    worse[0, 0, 0] = NAN
    assert judge(worse, AGREEMENT, golden, None) == Outcomes(2, 0, 1, 1, 1, 0, 2)


@pytest.mark.parametrize("metric", METRICS)
def test_an_answer_of_another_shape_is_corrupted(metric: Metric) -> None:
    found = judge(np.zeros((3, 3), np.float32), metric)
    assert (found.sdc, found.due, found.masked, found.gained) == (4, 0, 0, 0)
    found = judge(np.full((3, 3), NAN, np.float32), metric)
    assert (found.sdc, found.due, found.masked, found.gained) == (0, 4, 0, 0)


def test_nan_in_a_second_output_is_announced() -> None:
    extra = np.zeros((4, 2), np.float32)
    referee = judge_of((GOLDEN, extra), 4, TOP1)
    golden = referee.golden(Answer((GOLDEN, extra)), LABELS, 4)
    extra = extra.copy()
    extra[1, 1] = NAN
    assert referee.outcomes(golden, Answer((GOLDEN, extra)), LABELS).due == 1


def test_nan_in_an_output_without_images_is_announced_for_all() -> None:
    referee = judge_of((GOLDEN, np.zeros(2, np.float32)), 4, TOP1)
    golden = referee.golden(Answer((GOLDEN, np.zeros(2, np.float32))), LABELS, 4)
    found = referee.outcomes(golden, Answer((GOLDEN, np.array([0, NAN], np.float32))), LABELS)
    assert found.due == 4


def test_padding_does_not_count() -> None:
    referee = judge_of((GOLDEN,), 4, TOP1)
    golden = referee.golden(Answer((GOLDEN,)), LABELS[:3], 3)
    padding_hit = changed((3, [NAN, NAN, NAN]))
    assert referee.outcomes(golden, Answer((padding_hit,)), LABELS[:3]) == Outcomes(
        3, masked=3, right=2
    )


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (Failure("no kernel"), "fails without any fault: no kernel"),
        (Answer((changed((3, [NAN, 0, 0])),)), "NaN without any fault"),
        (Answer((GOLDEN[:3],)), "one row per image"),
        (Answer((np.zeros((4, 3, 2), np.float32),)), "no scores of classes"),
    ],
)
def test_golden_must_be_an_answer(result: Answer | Failure, says: str) -> None:
    with pytest.raises(GoldenFailed, match=says):
        judge_of((GOLDEN,), 4, TOP1).golden(result, LABELS, 4)


def test_golden_must_not_be_nan_anywhere() -> None:
    outputs = (GOLDEN, np.zeros(2, np.float32))
    with pytest.raises(GoldenFailed, match="NaN without any fault"):
        judge_of(outputs, 4, TOP1).golden(Answer((GOLDEN, np.full(2, NAN))), LABELS, 4)


def test_outcomes_add() -> None:
    one = Outcomes(1, 2, 3, 4, 5, 6, 7, 8, denominator=9, corrected=10, critical=1)
    assert astuple(one + one) == (2, 4, 6, 8, 10, 12, 14, 16, 9, 20, 2, ())
    assert one + Outcomes() == Outcomes() + one == one  # no images have no denominator
    assert one.counts == (1, 2, 3, 4, 5, 6, 7)
    with pytest.raises(ValueError, match="1/9 and 1/1"):
        one + Outcomes(1)


SCORES, NUMBERS = np.zeros((3, 3), np.float32), np.zeros((3, 3, 2, 2), np.float32)


@pytest.mark.parametrize(
    ("asked", "labels", "output", "metric"),
    [
        (None, [0, 1, 2], SCORES, TOP1),
        (None, None, SCORES, AGREEMENT),
        (None, [0, 1, 2], NUMBERS, AGREEMENT),
        ("top1", [0, 1, 2], SCORES, TOP1),
        ("top5", [0, 1, 2], SCORES, TOP5),
        ("agreement", [0, 1, 2], SCORES, AGREEMENT),
        ("agreement", [0, 1, 99], SCORES, AGREEMENT),
    ],
)
def test_metric_is_accuracy_where_it_can_be(
    asked: str | None, labels: list[int] | None, output: Scores, metric: Metric
) -> None:
    found = define((output,), 3, labelled(labels), Asked(metric=asked))
    assert found.metric is metric
    assert bool(found.labels_unused) == (labels is not None and not metric.needs_labels)


@pytest.mark.parametrize("asked", ["top1", "top5"])
def test_accuracy_needs_labels_and_classes(asked: str) -> None:
    with pytest.raises(BadOption, match="needs labelled data"):
        define((SCORES,), 3, labelled(None), Asked(metric=asked))
    with pytest.raises(BadOption, match="needs labelled data and an output judged by"):
        define((NUMBERS,), 3, labelled([0, 1, 2]), Asked(metric=asked))


@pytest.mark.parametrize(
    ("labels", "named", "says"),
    [
        ([0, 1, 3], None, "label 3 has no class: the model scores classes 0..2"),
        ([0, -1, 3], None, "label -1 has no class"),
        ([0, 1, 1], 2, "2 classes, numbered by their order, and the model scores 3"),
    ],
)
def test_labels_must_have_classes(labels: list[int], named: int | None, says: str) -> None:
    with pytest.raises(DataMismatch, match=says):
        define((SCORES,), 3, labelled(labels, named))
