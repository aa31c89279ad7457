"""The HTML report: one file that loads nothing, believes nothing and says first what matters."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from analyzer.reports.sweep.chart import sweep_chart
from analyzer.reports.sweep.html import headline, to_html
from analyzer.reports.sweep.record import Report
from tests.reports.examples import EXAMPLES, example_report, interval, row, unknown_row

HOSTILE = "<script>alert(1)</script>\"'&"


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text outside <style>."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] != "style":
            self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


def hostile_report() -> Report:
    base = example_report()
    return example_report(
        model=base.model.model_copy(update={"path": HOSTILE}),
        data=base.data.model_copy(
            update={"name": HOSTILE, "note": HOSTILE, "remarks": [HOSTILE], "fed": HOSTILE}
        ),
        plan=base.plan.model_copy(
            update={"include": [HOSTILE], "exclude": [HOSTILE], "kinds": [HOSTILE]}
        ),
        assumptions=[HOSTILE],
        run=base.run.model_copy(update={"command": HOSTILE, "platform": HOSTILE}),
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_page_is_self_contained(name: str) -> None:
    page = to_html(EXAMPLES[name]())
    for tag, attributes in Elements(page).found:
        assert tag not in {"script", "link", "iframe", "object", "embed", "img", "base", "form"}
        for key, value in attributes.items():
            assert not key.startswith("on")
            if key in {"src", "href", "xlink:href", "action", "data"}:
                assert value.startswith("#")
            if not key.startswith("xmlns"):
                assert "//" not in value, (tag, key)
    assert not re.search(r"@import|@font-face|url\((?!#)", page)


def test_hostile_names_are_text() -> None:
    page = to_html(hostile_report())
    elements = Elements(page)
    assert "script" not in {tag for tag, _ in elements.found}
    assert elements.text.count(HOSTILE) == page.count("&lt;script&gt;") >= 9
    base = example_report()
    told = {"note": "a", "remarks": ["b"], "fed": "c"}
    plain = Elements(to_html(example_report(data=base.data.model_copy(update=told))))
    assert len(elements.found) == len(plain.found)


@pytest.mark.parametrize("name", EXAMPLES)
def test_same_report_same_bytes(name: str) -> None:
    report = EXAMPLES[name]()
    assert to_html(report) == to_html(report)


def test_generated_data_are_said_before_anything_else() -> None:
    body = to_html(EXAMPLES["generated"]()).partition("<body>")[2]
    assert Elements(body).text.startswith("No data set. Inputs are random numbers")
    assert "No data set" not in to_html(EXAMPLES["sweep"]())


def test_every_rate_is_in_chart_and_table() -> None:
    report = example_report(rates=[row(1e-5, 0.1), row(3e-7, 0.01)])
    chart = ElementTree.fromstring(sweep_chart(report))
    ticks = {"".join(e.itertext()).strip() for e in chart.iter("{http://www.w3.org/2000/svg}text")}
    assert {"1e-5", "3e-7"} <= ticks
    assert Elements(to_html(report)).text.find("3e-7") < Elements(to_html(report)).text.find("1e-5")


def test_provenance_is_whole() -> None:
    report = EXAMPLES["gated"]()
    text = Elements(to_html(report)).text
    versions = (report.tool.version, report.tool.onnxruntime, report.tool.onnx, report.tool.numpy)
    hashes = (report.model.sha256, report.data.sha256, report.plan.id)
    for part in (*versions, *hashes, "seed 0", report.run.command, *report.assumptions):
        assert part in text


@pytest.mark.parametrize(
    ("lows", "says"),
    [
        ((0.97, 0.97), "less than 2 points at every bit error rate tried"),
        ((0.97, 0.90), "less than 2 points up to a bit error rate of 1e-7"),
        ((0.90, 0.97), "not ruled out even at 1e-7"),
    ],
)
def test_headline_goes_by_the_interval(lows: tuple[float, float], says: str) -> None:
    rows = [
        row(rate, 0.0, metric=interval(0.98, low, 0.99))
        for rate, low in zip((1e-7, 1e-6), lows, strict=True)
    ]
    assert says in headline(example_report(rates=rows))


def test_a_rate_without_estimate_claims_nothing() -> None:
    """Fails if the middle of what may be is drawn or written as if it had been found."""
    known = row(1e-6, 0.001)
    report = example_report(rates=[known, unknown_row(1e-5, 48), row(1e-4, 0.0)])
    assert headline(report) == (
        "Without faults top-1 is 98.3 %. There is no estimate at 1e-5. It loses less than 2 points "
        "up to a bit error rate of 1e-6; at 1e-6 it is 98.2 %."
    )
    page = Elements(to_html(report)).text
    assert "No estimate: faults that were not tried yet" in page
    assert "No estimate" not in to_html(example_report(rates=[known]))
    empty = example_report(rates=[unknown_row(1e-6), unknown_row(1e-5)])
    assert headline(empty).endswith("There is no estimate at 1e-6, 1e-5.")
    assert Elements(to_html(EXAMPLES["cut"]())).text.count("–") > 8


SVG = "{http://www.w3.org/2000/svg}"


def markers(chart: str) -> int:
    """Points and bands that are drawn: unlike ticks, they are clipped to their panel."""
    groups = [g for g in ElementTree.fromstring(chart).iter(f"{SVG}g") if "clip-path" in g.attrib]
    return sum(len(list(g.iter(f"{SVG}use"))) for g in groups)


def test_a_rate_without_estimate_is_not_drawn_and_breaks_the_line() -> None:
    """Fails if a line leads through what is not known, or a point stands there."""
    low, high = row(1e-6, 0.001), row(1e-4, 0.4)
    whole = sweep_chart(example_report(rates=[low, row(1e-5, 0.1), high]))
    gap = sweep_chart(example_report(rates=[low, unknown_row(1e-5, 48), high]))
    none = sweep_chart(example_report(rates=[unknown_row(r) for r in (1e-6, 1e-5, 1e-4)]))
    assert [markers(chart) for chart in (whole, gap, none)] == [9 + 3, 6, 0]
    for chart in (gap, none):
        ticks = {"".join(e.itertext()).strip() for e in ElementTree.fromstring(chart).iter()}
        assert {"1e-6", "1e-5", "1e-4"} <= ticks
