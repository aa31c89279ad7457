"""Reports in a real browser: widths, contrast in light and dark, and A4.

Skipped, visibly, where no Chromium is installed.
"""

import functools
import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from analyzer.reports.activations.html import to_html as activations_page
from analyzer.reports.comparison.html import comparison_html
from analyzer.reports.failure.html import failure_html
from analyzer.reports.map.html import to_html as map_page
from analyzer.reports.sweep.html import to_html as sweep_page
from analyzer.reports.target.html import to_html as target_page
from tests.reports import activations, comparisons, examples, failures, maps, targets

BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

WIDTHS = (360, 600, 1100)
LEAST_CONTRAST = 4.5
"""Of normal text on its background: WCAG 2.2, success criterion 1.4.3."""

DARK = "@media screen and (prefers-color-scheme: dark)"


def pages() -> dict[str, str]:
    """A page of every example of every kind of report."""
    others = {
        "map": map_page(maps.example_map()),
        "comparison": comparison_html(comparisons.example_comparison()),
        "failure": failure_html(failures.example_failure()),
        "activations": activations_page(activations.two_models()),
    }
    sweeps = {f"sweep, {name}": sweep_page(make()) for name, make in examples.EXAMPLES.items()}
    signed = {f"target, {name}": target_page(make()) for name, make in targets.EXAMPLES.items()}
    return {**sweeps, **signed, **others}


MEASURE = """
function channels(color) { return color.match(/[\\d.]+/g).map(Number); }
function luminance(rgb) {
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const [r, g, b] = rgb.slice(0, 3).map(v => linear(v / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function paper(element) {
  for (let e = element; e; e = e.parentElement) {
    const c = channels(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
  }
  return [255, 255, 255];
}
function faint(document) {
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest("svg")) continue;
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own) continue;
    const [a, b] = [luminance(channels(getComputedStyle(e).color)), luminance(paper(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const text = e.textContent.trim().slice(0, 40);
    if (ratio < LEAST) found.push(e.tagName + " " + ratio.toFixed(2) + " " + text);
  }
  return found;
}
function cut(document) {
  const room = document.documentElement.clientWidth;
  const wide = [...document.querySelectorAll("table")].filter(t => t.scrollWidth > room);
  return wide.filter(t => !t.closest(".scroll")).map(t => t.textContent.trim().slice(0, 60));
}
window.onload = () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const inner = frame.contentDocument, root = inner.documentElement;
    for (const d of inner.querySelectorAll("details")) d.open = true;
    const [width, room] = [root.scrollWidth, root.clientWidth];
    found[frame.title] = { width, room, faint: faint(inner), cut: cut(inner) };
  }
  const out = document.createElement("pre");
  out.id = "found";
  out.textContent = JSON.stringify(found);
  document.body.append(out);
};
"""


@functools.cache
def measured(folder: Path) -> dict[str, dict[str, object]]:
    """Of every page at every width, light and dark: its width, faint text, cut tables."""
    frames = []
    for name, page in pages().items():
        for theme, text in (("light", page), ("dark", page.replace(DARK, "@media screen"))):
            for width in WIDTHS:
                title = html.escape(f"{name} | {theme} | {width}")
                source = html.escape(text.replace("@media print", "@media none"))
                frames.append(
                    f'<iframe title="{title}" style="width:{width}px;height:900px;border:0" '
                    f'srcdoc="{source}"></iframe>'
                )
    script = MEASURE.replace("LEAST", str(LEAST_CONTRAST))
    whole = folder / "all.html"
    body = f"<body>{''.join(frames)}<script>{script}</script>"
    whole.write_text(f"<!doctype html><meta charset=utf-8>{body}", "utf-8")
    dom = run_browser("--dump-dom", "--virtual-time-budget=20000", whole.as_uri())
    found = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    assert found, "the browser did not finish"
    return dict(json.loads(html.unescape(found[1])))


def run_browser(*arguments: str) -> str:
    """The output of a headless browser."""
    assert BROWSER is not None
    usual = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
    done = subprocess.run(
        [BROWSER, *usual, *arguments], capture_output=True, text=True, timeout=240, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    return measured(tmp_path_factory.mktemp("pages"))


def test_every_page_was_measured(found: dict[str, dict[str, object]]) -> None:
    assert len(found) == 2 * len(WIDTHS) * len(pages())


def test_no_page_is_wider_than_the_screen(found: dict[str, dict[str, object]]) -> None:
    assert {name: f for name, f in found.items() if f["width"] > f["room"]} == {}  # type: ignore[operator]
    assert {name: f["cut"] for name, f in found.items() if f["cut"]} == {}


def test_text_can_be_read_in_light_and_in_dark(found: dict[str, dict[str, object]]) -> None:
    assert {name: f["faint"] for name, f in found.items() if f["faint"]} == {}


@pytest.mark.parametrize("name", targets.EXAMPLES)
def test_the_page_that_is_signed_prints_on_a4(name: str, tmp_path: Path) -> None:
    page, pdf = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(target_page(targets.EXAMPLES[name]()), "utf-8")
    run_browser("--no-pdf-header-footer", f"--print-to-pdf={pdf}", page.as_uri())
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf.read_bytes())
    assert len(boxes) >= 3
    for width, height in boxes:
        assert abs(float(width) - 595.3) < 1.5
        assert abs(float(height) - 841.9) < 1.5
