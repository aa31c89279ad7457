"""Classes and vulnerable parts in words: the worst by name, and no more than the figures say."""

import re

import pytest

from analyzer.campaign.class_shares import ClassShare, ClassShares
from analyzer.faults.rates import show_rate
from analyzer.reports.shared.classes import class_rows, class_sentences, classes_part
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.sweep.classes import MOST_CLASSES, class_table
from analyzer.reports.sweep.html import to_html as sweep_page
from analyzer.reports.sweep.record import Report
from analyzer.reports.target.html import to_html, worst_class
from analyzer.reports.target.part_words import vulnerable_said
from analyzer.reports.target.record import ClassPart
from analyzer.stats.intervals import Interval
from tests.reports.examples import example_report
from tests.reports.targets import by_class, example_target, vulnerability

Ends = tuple[float, float, float] | None


def shares(*figures: Ends, critical: tuple[Ends, ...] = (), images: int = 50) -> ClassShares:
    """Classes with these figures."""
    graves = critical or (None,) * len(figures)
    return ClassShares(
        tuple(
            ClassShare(number, images, 300, _interval(sdc), _interval(grave))
            for number, (sdc, grave) in enumerate(zip(figures, graves, strict=True))
        ),
        0.99,
    )


def _interval(ends: Ends) -> Interval | None:
    return Interval(*ends) if ends else None


def said(found: ClassShares, names: tuple[str, ...] = ()) -> str:
    return " ".join(class_sentences(classes_part(found, names, 0.95)))


def test_the_worst_class_is_named_with_those_that_may_be_as_bad() -> None:
    found = shares((0.02, 0.01, 0.04), (0.08, 0.05, 0.12), (0.04, 0.02, 0.06))
    assert said(found, ("cat", "dog", "eel")) == (
        "Worst class: 1 dog, SDC 8.0 % (5.0 – 12.0 %; 50 images). 1 of 2 others may be as bad, "
        "with 95 % confidence for all together."
    )
    alone = shares((0.02, 0.01, 0.04), (0.08, 0.05, 0.12))
    assert "It is worse than the other, with 95 % confidence." in said(alone)
    close = shares((0.02, 0.01, 0.06), (0.03, 0.01, 0.12))
    assert "Any other may be as bad" in said(close)


def test_the_worst_is_so_by_critical_corruption_where_a_table_tells_it() -> None:
    found = shares(
        (0.02, 0.01, 0.04), (0.08, 0.05, 0.12), critical=((0.01, 0.0, 0.03), (0.0, 0.0, 0.02))
    )
    part = classes_part(found, (), 0.95)
    assert part is not None
    assert part.worst == 0
    assert [row.index for row in class_rows(part, 9)] == [0, 1]
    assert "critical SDC 1.0 %" in said(found)


def test_where_nothing_was_seen_the_bound_of_all_is_told() -> None:
    text = said(shares((0.0, 0.0, 0.01), (0.0, 0.0, 0.02)))
    assert text == (
        "No silent corruption was seen in any class: at most 2.0 % in each of them, with 95 % "
        "confidence for all together."
    )


def test_classes_without_estimate_and_with_few_images_are_counted() -> None:
    text = said(shares((0.02, 0.01, 0.04), None, None, images=3))
    assert "2 classes have no estimate: too few trials met images of them." in text
    assert "1 of 1 class has fewer than 10 images" in text
    assert said(shares(None, None)) == (
        "2 classes have no estimate: too few trials met images of them."
    )


def test_exact_figures_are_called_so() -> None:
    assert "SDC 8.0 % (exact; 50 images)." in said(shares((0.08, 0.08, 0.08), (0.0, 0.0, 0.0)))


def test_only_parts_beyond_their_share_are_called_the_most_vulnerable() -> None:
    part = vulnerability()
    assert "bit 30 of float32 (exponent), 3.1 % of the events and 97.0 %" in vulnerable_said(part)
    level = IntervalPart(estimate=0.5, low=0.0, high=0.9)
    flat = part.model_copy(
        update={
            "bits": [b.model_copy(update={"sdc_share": level}) for b in part.bits],
            "tensors": [t.model_copy(update={"sdc_share": level}) for t in part.tensors],
        }
    )
    assert vulnerable_said(flat).startswith("No bit position and no tensor demonstrably")
    none = IntervalPart(estimate=0.0, low=0.0, high=0.9)
    unseen = part.model_copy(
        update={
            "bits": [b.model_copy(update={"sdc_share": none}) for b in part.bits],
            "tensors": [t.model_copy(update={"sdc_share": None}) for t in part.tensors],
        }
    )
    assert vulnerable_said(unseen) == ""
    assert vulnerable_said(None) == ""


def test_the_page_lists_first_parts_and_adds_up_the_rest() -> None:
    page = to_html(example_target())
    assert "1 other tensors together" not in page
    assert "1 other tensor" in page
    assert "not estimated" in page


def test_the_page_says_why_there_are_no_classes() -> None:
    page = to_html(
        example_target(by_class=None, by_class_missing="Boxes are no classes.", classes=[])
    )
    assert "No figures by class: Boxes are no classes." in page


def test_names_of_classes_are_text() -> None:
    hostile = "<script>alert(1)</script>"
    part = by_class().classes[0].model_copy(update={"name": hostile})
    golden = ClassPart(index=0, name=hostile, images=36, score=1.0)
    page = to_html(example_target(by_class=by_class(classes=[part], worst=0), classes=[golden]))
    assert hostile not in page
    assert "&lt;script&gt;" in page


def with_classes(*figures: Ends, names: tuple[str, ...] = ()) -> Report:
    """A sweep whose highest rate has figures by class."""
    report = example_report()
    part = classes_part(shares(*figures), names, 0.95)
    rates = sorted(report.rates, key=lambda row: row.rate)
    rates[-1] = rates[-1].model_copy(update={"by_class": part})
    return report.model_copy(update={"rates": rates})


def test_a_sweep_names_the_worst_class() -> None:
    report = with_classes((0.02, 0.01, 0.04), (0.08, 0.05, 0.12), names=("cat", "dog"))
    page = sweep_page(report)
    assert "Worst class: 1 dog" in page
    assert re.search(r"<td class=\"text\">1 dog</td><td>50</td><td>8\.0<small>5\.0 – 12\.0", page)
    assert class_table(example_report()) is None


def test_the_worst_class_is_named_where_most_is_silent() -> None:
    """At the highest rate most errors are detected: a sentence on it alone would mislead."""
    report = with_classes((0.0, 0.0, 0.04), (0.0, 0.0, 0.04))
    rates = list(report.rates)
    part = classes_part(shares((0.2, 0.1, 0.3), (0.4, 0.3, 0.5)), (), 0.95)
    rates[-2] = rates[-2].model_copy(update={"by_class": part})
    table = class_table(report.model_copy(update={"rates": rates}))
    assert table is not None
    assert table.said.startswith(f"At {show_rate(rates[-2].rate)}: Worst class: 1")
    assert [row.name for row in table.rows] == ["1", "0"]
    assert table.rates == sorted(table.rates)
    assert not table.gaps


@pytest.mark.parametrize("count", [3, MOST_CLASSES + 7])
def test_a_page_of_many_classes_says_how_many_more(count: int) -> None:
    figures = [(0.001 * (n + 1), 0.0, 0.5) for n in range(count)]
    table = class_table(with_classes(*figures))
    assert table is not None
    assert len(table.rows) == min(count, MOST_CLASSES)
    assert table.others == max(0, count - MOST_CLASSES)
    assert table.rows[0].name == str(count - 1)


def test_no_class_is_the_worst_of_equals() -> None:
    """Without labels each class agrees with itself."""
    alike = [ClassPart(index=i, name="", images=9, score=1.0) for i in range(3)]
    assert worst_class(example_target(classes=alike)) == ""
    worse = [*alike, ClassPart(index=3, name="fox", images=9, score=0.5)]
    assert worst_class(example_target(classes=worse)) == "fox"
