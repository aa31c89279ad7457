"""Critical confusions: the table, its two forms, and the images that it counts."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Answer
from analyzer.errors import BadOption, BadSeverityTable
from analyzer.evaluation.choose import Asked
from analyzer.evaluation.confusions import Confusions, SeverityTable, read_severity_table
from analyzer.evaluation.confusions.resolve import resolve_confusions
from analyzer.evaluation.confusions.rows import SeverityRow
from analyzer.evaluation.outcome import Judge
from tests.evaluation.judging import define

CLASSES = 4
NAMES = ("go", "stop", "yield", "speed 80")

Matrix = npt.NDArray[np.bool_]


def table(*rows: tuple[str, str, bool]) -> SeverityTable:
    """A table of these rows."""
    return SeverityTable("t", tuple(SeverityRow(g, f, c, "t") for g, f, c in rows))


def written(folder: Path, name: str, text: str) -> SeverityTable:
    """The table of a file."""
    path = folder / name
    path.write_text(text, "utf-8")
    return read_severity_table(path)


def pairs(read: SeverityTable) -> list[tuple[str, str, bool]]:
    """The rows without their places."""
    return [(row.golden, row.faulty, row.critical) for row in read.rows]


def matrix(found: Confusions) -> Matrix:
    """Whether each change of class is critical; the diagonal is False."""
    return np.array(
        [[g != f and found.is_critical(g, f) for f in range(CLASSES)] for g in range(CLASSES)]
    )


classes = st.sampled_from(["*", *map(str, range(CLASSES))])


@given(st.lists(st.tuples(classes, classes, st.booleans()), min_size=1, max_size=6))
def test_rows_of_more_classes_go_before_rows_of_fewer(rows: list[tuple[str, str, bool]]) -> None:
    """The oracle paints a matrix: rows of no class first, then of one, then of two."""
    try:
        found = resolve_confusions(table(*rows).rows, (), CLASSES)
    except BadSeverityTable:
        assert any(g == f != "*" for g, f, _ in rows) or contradicts(rows)
        return
    painted = np.zeros((CLASSES, CLASSES), bool)
    for golden, faulty, critical in sorted(rows, key=lambda row: -row[:2].count("*")):
        lines = slice(None) if golden == "*" else int(golden)
        columns = slice(None) if faulty == "*" else int(faulty)
        painted[lines, columns] = critical
    np.fill_diagonal(painted, False)
    np.testing.assert_array_equal(matrix(found), painted)


def contradicts(rows: list[tuple[str, str, bool]]) -> bool:
    """Two rows of as many classes say different things of a pair that no row of more settles."""
    for golden in map(str, range(CLASSES)):
        for faulty in map(str, range(CLASSES)):
            for level in ([(golden, faulty)], [(golden, "*"), ("*", faulty)], [("*", "*")]):
                said = {c for g, f, c in rows if (g, f) in level}
                if len(said) > 1 and (golden != faulty or ("*", "*") in level):
                    return True
                if said:
                    break
    said = {c for g, f, c in rows if (g, f) == ("*", "*")}
    one_class = [{c for g, f, c in rows if (g, f) == pair} for pair in {r[:2] for r in rows}]
    return len(said) > 1 or any(len(found) > 1 for found in one_class)


def test_both_forms_of_a_table_say_the_same(tmp_path: Path) -> None:
    by_csv = written(
        tmp_path,
        "t.csv",
        "true,predicted,severity\nstop,speed 80,critical\nstop,yield\n\n*,go,non-critical\n",
    )
    by_toml = written(
        tmp_path, "t.toml", '[critical]\nstop = ["speed 80", "yield"]\n[non-critical]\n"*" = "go"\n'
    )
    assert pairs(by_csv) == pairs(by_toml)
    found = [resolve_confusions(read.rows, NAMES, CLASSES) for read in (by_csv, by_toml)]
    assert found[0].content == found[1].content
    assert np.argwhere(matrix(found[0])).tolist() == [[1, 2], [1, 3]]


def test_names_and_numbers_make_one_plan() -> None:
    by_name = resolve_confusions(table(("STOP ", "go", True)).rows, NAMES, CLASSES)
    by_number = resolve_confusions(table(("1", "0", True)).rows, NAMES, CLASSES)
    assert by_name.content == by_number.content
    other = resolve_confusions(table(("1", "2", True)).rows, NAMES, CLASSES)
    assert other.content != by_number.content


def test_a_mistyped_class_is_refused_with_the_name_that_was_meant() -> None:
    with pytest.raises(BadSeverityTable, match=r"no class 'stpo' \(did you mean stop\?\)"):
        resolve_confusions(table(("stpo", "go", True)).rows, NAMES, CLASSES)


def test_a_number_that_is_another_class_by_name_is_refused() -> None:
    with pytest.raises(BadSeverityTable, match="'1' may be class 0 and 1"):
        resolve_confusions(table(("1", "2", True)).rows, ("1", "0", "2"), 3)


def judge(*rows: tuple[str, str, bool], golden: npt.NDArray[np.float32]) -> Judge:
    """A judge of class scores by a table."""
    asked = Asked(severity=table(*rows))
    return Judge(define((golden,), len(golden), asked=asked))


def scores(*winners: int) -> npt.NDArray[np.float32]:
    """Scores of four classes, won by these."""
    return np.eye(CLASSES, dtype=np.float32)[list(winners)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=2, max_size=6))
def test_critical_images_are_those_whose_confusion_is(answers: list[tuple[int, int]]) -> None:
    """A faulty class 4 stands for NaN: a detected error is no silent corruption."""
    golden, faulty = scores(*(g for g, _ in answers)), scores(*(f % 4 for _, f in answers))
    faulty[[f == 4 for _, f in answers]] = np.nan
    referee = judge(("1", "*", True), ("1", "2", False), golden=golden)
    found = referee.outcomes(
        referee.golden(Answer((golden,)), None, len(golden)), Answer((faulty,)), None
    )
    critical = sum(g == 1 and f in (0, 3) for g, f in answers)
    assert found.critical == critical
    assert found.sdc == sum(f not in (g, 4) for g, f in answers)


def test_an_answer_without_a_class_is_critical() -> None:
    golden = scores(0, 1)
    referee = judge(("1", "2", True), golden=golden)
    before = referee.golden(Answer((golden,)), None, 2)
    for shape in ((2, 3, 4), (2, 5)):
        found = referee.outcomes(before, Answer((np.zeros(shape, np.float32),)), None)
        assert found.sdc == 2
        assert found.critical == (2 if len(shape) == 3 else 1)


def test_rules_without_one_class_are_refused() -> None:
    some = table(("0", "1", True))
    golden = scores(0, 1, 2)
    for task in ("multi-label", "regression", "classification:top=2", "integers"):
        values = golden.astype(np.int64) if task == "integers" else golden
        with pytest.raises(BadOption, match="leave --severity out"):
            define((values,), 3, asked=Asked(task=task, severity=some))
    with pytest.raises(BadOption, match="if an output holds classes, name it by --output"):
        define((golden, golden), 3, asked=Asked(severity=some))


def test_integers_that_are_one_class_each_have_confusions() -> None:
    golden = np.array([0, 1, 7], np.int64)
    found = define((golden,), 3, asked=Asked(task="integers", severity=table(("7", "9", True))))
    assert found.confusions is not None
    assert found.confusions.is_critical(7, 9)


def test_a_table_is_part_of_the_plan_and_its_absence_is_not() -> None:
    golden = scores(0, 1)
    assert define((golden,), 2).content == {}
    with_table = define((golden,), 2, asked=Asked(severity=table(("0", "1", True)))).content
    assert with_table["critical"]["rows"] == 1
