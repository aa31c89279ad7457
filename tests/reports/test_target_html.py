"""The page that a reviewer signs: all of the record, in the order of the issue, in plain words."""

import re

import pytest

from analyzer.reports.target.html import headline, to_html
from tests.reports.targets import EXAMPLES, condition, example_target, plain_region, without_rate
from tests.reports.test_html import HOSTILE, Elements

HEADS = (
    "Verdict",
    "Item",
    "Memory map",
    "Raw rates",
    "Environment and exposure windows",
    "Event patterns",
    "Campaign",
    "Fault-free baseline, and silent corruption by class",
    "Outcomes given one event",
    "FIT, from raw to silent",
    "Sensitivity to the raw rates",
    "Worst events, replayable",
    "Vulnerability by tensor and by bit position",
    "Assumptions and limits",
    "Tool evidence and provenance",
)


@pytest.mark.parametrize("name", EXAMPLES)
def test_sections_stand_in_the_order_in_which_a_reviewer_reads(name: str) -> None:
    page = to_html(EXAMPLES[name]())
    heads = re.findall(r"<h2[^>]*>(\d+)\. ([^<]+)</h2>", page)
    assert heads == [(str(place), head) for place, head in enumerate(HEADS, 1)]
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_loads_nothing(name: str) -> None:
    page = to_html(EXAMPLES[name]())
    for tag, attributes in Elements(page).found:
        assert tag not in {"script", "link", "iframe", "object", "embed", "img", "base", "form"}
        assert all("//" not in v for k, v in attributes.items() if not k.startswith("xmlns"))
    assert not re.search(r"@import|@font-face|url\((?!#)", page)


def test_every_figure_of_the_verdict_stands_beside_its_bound() -> None:
    text = Elements(to_html(example_target())).text
    assert "FIT of silent corruption ≤ 10 FIT 5.02 FIT 4.1 – 6.1 passed SR-12" in text
    assert "FIT of detected errors ≤ 2.5 FIT 2.32 FIT 1.9 – 2.9 undecided" in text
    assert "top-1 given one event, in the worst region ≥ 90.0 % 95.7 % 95.0 – 96.3 passed" in text
    assert "98.3 % exact passed" in text
    assert "input to an FMEDA" in text


def test_the_head_says_how_often_and_how_bad() -> None:
    first, second, *regions = headline(example_target())
    assert first == "One event in 4,651,000 h (531 years) is expected in 8.61 M bits at risk."
    assert (
        second == "Silent corruption: 5.02 FIT (4.1 – 6.1); detected errors: 2.32 FIT (1.9 – 2.9)."
    )
    assert "with a probability of 2.9 % (2.4 – 3.5 %)" in regions[0]
    assert "≤ 0.1 %" in regions[1]


def test_a_missing_rate_is_named_and_no_fit_is_shown() -> None:
    page = to_html(without_rate())
    text = Elements(page).text
    assert "There is no figure in FIT: nobody has published" in text
    assert "No condition was set" in text
    assert "<svg" not in page
    assert not re.search(r"\d FIT\b", text)


def test_a_condition_without_evidence_says_why() -> None:
    base = example_target()
    unknown = condition("sdc_fit", 1.0, "undecided", None, reason="too little was tried")
    verdict = base.verdict.model_copy(update={"conditions": [unknown]})
    text = Elements(to_html(base.model_copy(update={"verdict": verdict}))).text
    assert "≤ 1 FIT – undecided – too little was tried" in text


def test_critical_corruption_stands_below_silent_corruption() -> None:
    region = plain_region()
    assert region.given_event is not None
    assert region.fit is not None
    given = region.given_event.model_copy(update={"sdc_critical": region.given_event.due})
    fit = region.fit.model_copy(update={"sdc_critical": region.fit.due})
    base = example_target()
    total = base.total.model_copy(update={"fit": fit})
    critical = region.model_copy(update={"given_event": given, "fit": fit})
    page = to_html(base.model_copy(update={"regions": [critical], "total": total}))
    assert page.count("of this, critical by the severity table") == 2
    assert "critical SDC" in page


def test_hostile_names_are_text() -> None:
    base = example_target()
    document = base.document.model_copy(update={"number": HOSTILE, "prepared": HOSTILE})
    region = plain_region(name=HOSTILE, missing=HOSTILE)
    changed = {
        "document": document,
        "regions": [region],
        "assumptions": [HOSTILE],
        "limits": [HOSTILE],
        "target": base.target.model_copy(update={"name": HOSTILE, "about": HOSTILE}),
        "environment": base.environment.model_copy(update={"name": HOSTILE, "ambient": HOSTILE}),
        "run": base.run.model_copy(update={"command": HOSTILE}),
    }
    page = to_html(base.model_copy(update=changed))
    assert "script" not in {tag for tag, _ in Elements(page).found}
    assert "<script" not in page
    style = page[page.index("<style>") : page.index("</style>")]
    assert "alert\\28 1" in style


def test_same_report_same_bytes() -> None:
    assert to_html(example_target()) == to_html(example_target())
