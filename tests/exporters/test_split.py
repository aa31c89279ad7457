"""Images that are held out: always the same ones, of each class its share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadData, BadOption
from analyzer.evaluation.sources import ArraySource
from exporters.training.split import hold_out
from exporters.training.tasks import find_task

LABELS = st.lists(st.integers(0, 3), min_size=8, max_size=60)


def source(labels: list[int] | None, count: int = 0) -> ArraySource:
    size = count if labels is None else len(labels)
    known = None if labels is None else np.array(labels, np.int64)
    return ArraySource("some", np.zeros((size, 2, 2, 3), np.uint8), known, "digest")


@given(LABELS, st.sampled_from([0.25, 0.5]), st.integers(0, 5))
def test_both_parts_are_all_images_and_of_each_class_its_share(
    labels: list[int], share: float, seed: int
) -> None:
    first, second = hold_out(source(labels), share, seed)
    assert sorted([*first.rows, *second.rows]) == list(range(len(labels)))
    for label in set(labels):
        held = sum(labels[row] == label for row in second.rows)
        assert held == round(share * labels.count(label))
    again = hold_out(source(labels), share, seed)
    assert [list(part.rows) for part in again] == [list(first.rows), list(second.rows)]


def test_another_seed_holds_out_others() -> None:
    parts = [tuple(hold_out(source([0] * 50), 0.2, seed)[1].rows) for seed in range(4)]
    assert len(set(parts)) == 4


@pytest.mark.parametrize("share", [0.01, 0.999])
def test_a_part_without_images_is_refused(share: float) -> None:
    with pytest.raises(BadOption, match="leaves none to train on or none to validate on"):
        hold_out(source([0] * 10), share, 0)


def test_images_without_classes_are_divided_too() -> None:
    assert [len(part) for part in hold_out(source(None, 20), 0.1, 0)] == [18, 2]


def test_the_task_is_found_from_the_data() -> None:
    task = find_task(source([0, 4, 2]))
    assert (task.name, task.classes(source([0, 4, 2]))) == ("classification", 5)
    with pytest.raises(BadData, match="no classes to learn"):
        find_task(source(None, 3))
