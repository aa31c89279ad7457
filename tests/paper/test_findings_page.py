"""Pages made from results: the same bytes, and what is absent is said."""

import json
import os
import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from paper.findings.__main__ import found_in, main, pages_of, texts_of, write
from paper.findings.page import BlockMismatch, filled_pages, names
from tests.paper.synthetic import FIXED, INT8, QUANTIZED, RATES, SWEPT, put, sweeps
from tests.support import ROOT

RESULTS = ROOT / "paper" / "results"
PAGE = ROOT / "docs" / "paper.md"
SNAPSHOT = ROOT / "tests" / "snapshots" / "paper" / "findings.txt"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A copy of the project's pages; their blocks are whatever the repository has."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for page in PAGE.parent.glob("paper*.md"):
        shutil.copy(page, folder)
    return folder / PAGE.name


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two networks from three trainings, int8 of one of them, and one stage's record."""
    folder = tmp_path / "results"
    sweeps(folder, "fp32", SWEPT, RATES, ("resnet20", "vgg"))
    sweeps(folder, "q15.16", SWEPT, FIXED, ("resnet20",))
    sweeps(folder, "int8", QUANTIZED, INT8, ("resnet20",))
    command = f"relcheck compare {'a.onnx ' * 30}--json x.json"
    record = {"stage": "fp32/resnet20-1", "cpu_seconds": 90.0, "machine": "m", "command": command}
    put(folder, "records", {"fp32/resnet20-1": record})
    return folder


def test_blocks_of_a_small_study(results: Path, pages: Path) -> None:
    found = found_in(results, pages)
    text = "\n".join(f"== {name}\n{block}" for name, block in sorted(found.blocks.items())) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(text, "utf-8")
    assert text == SNAPSHOT.read_text("utf-8")


def test_pages_and_pictures_are_the_same_bytes_again(results: Path, pages: Path) -> None:
    images = pages.parent / "images"
    write(results, pages, images)
    first = {path: path.read_bytes() for path in pages.parent.rglob("*.*") if path.is_file()}
    assert len(first) > 5
    shutil.rmtree(images)
    write(results, pages, images)
    again = {path: path.read_bytes() for path in pages.parent.rglob("*.*") if path.is_file()}
    assert first == again


def test_every_picture_is_shown_and_every_shown_picture_is_drawn(
    results: Path, pages: Path
) -> None:
    images = pages.parent / "images"
    write(results, pages, images)
    shown = re.findall(r"!\[[^\]]+\]\(images/(paper-[\w-]+\.svg)\)", pages.read_text("utf-8"))
    assert sorted(shown) == sorted(path.name for path in images.iterdir())
    for path in images.iterdir():
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_links_lead_to_results_that_are_there(results: Path, pages: Path) -> None:
    write(results, pages, pages.parent / "images")
    links = {
        link
        for page in pages_of(pages)
        for link in re.findall(r"\]\(([^)]+\.json)\)", page.read_text("utf-8"))
    }
    assert len(links) > 9
    for link in links:
        assert (pages.parent / link).exists(), link


def test_a_study_that_has_not_begun_says_so(tmp_path: Path, pages: Path) -> None:
    write(tmp_path / "none", pages, pages.parent / "images")
    text = pages.read_text("utf-8")
    assert "No results of these stages are there yet" in text
    assert "**no data**" in text
    assert "**holds**" not in text
    assert "**does not hold**" not in text
    assert not list((pages.parent / "images").iterdir())


def test_what_is_absent_is_counted(results: Path, pages: Path) -> None:
    (results / "fp32" / "vgg-2.json").unlink()
    found = found_in(results, pages)
    assert "vgg-2" in found.blocks["decay-rates"]
    assert re.search(r"Absent: .*\d+ of `fp32/\*`", found.blocks["absent"])


def test_one_training_gives_figures_and_no_verdict(results: Path, pages: Path) -> None:
    for path in results.rglob("*-[23].json"):
        path.unlink()
    glance = found_in(results, pages).blocks["glance"]
    assert "**no data**" in glance
    assert "**holds**" not in glance


def test_examples_are_the_commands_of_the_records(results: Path, pages: Path) -> None:
    block = found_in(results, pages).blocks["decay"]
    folded = re.search(r"```text\n(.*?)\n```", block, re.DOTALL)
    assert folded
    assert max(map(len, folded[1].splitlines())) < 120
    assert f"{'a.onnx ' * 30}--json x.json" in re.sub(r" \\\n +", " ", folded[1])


def test_records_may_be_a_file_each(results: Path, pages: Path) -> None:
    together = found_in(results, pages).blocks["decay"]
    record = json.loads((results / "records.json").read_text("utf-8"))["fp32/resnet20-1"]
    (results / "records.json").unlink()
    put(results, "records/fp32/resnet20-1", record)
    assert found_in(results / "." / "", pages).blocks["decay"] == together


def test_a_page_that_is_not_there_is_begun(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "quick" / "other.md"
    arguments = ["findings", "--results", str(results), "--page", str(page)]
    monkeypatch.setattr("sys.argv", [*arguments, "--images", str(tmp_path / "quick" / "i")])
    assert main() == 0
    assert "**holds**" in page.read_text("utf-8")
    assert "ClipAct" in (tmp_path / "quick" / "other-tables.md").read_text("utf-8")


def test_hand_written_text_stays(results: Path, pages: Path) -> None:
    def outside(text: str) -> str:
        return re.sub(r"(?s)(<!-- begin [\w-]+ -->).*?<!-- end", r"\1<!-- end", text)

    before = outside(pages.read_text("utf-8"))
    write(results, pages, pages.parent / "images")
    assert outside(pages.read_text("utf-8")) == before


def test_markers_and_blocks_correspond(tmp_path: Path) -> None:
    page = tmp_path / "p.md"
    page.write_text("<!-- begin a -->\n<!-- end a -->\n<!-- begin a -->\n<!-- end a -->\n")
    with pytest.raises(BlockMismatch, match=r"in no page: \['b'\]; in two: \['a'\]"):
        filled_pages([page], {"a": "", "b": ""})
    page.write_text("<!-- begin c -->\n<!-- end c -->\n")
    with pytest.raises(BlockMismatch, match="nothing generates the block 'c'"):
        filled_pages([page], {})


def test_a_page_without_markers_ends_in_a_sentence(
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = tmp_path / "empty.md"
    page.write_text("nothing\n")
    arguments = ["findings", "--results", str(results), "--page", str(page)]
    monkeypatch.setattr("sys.argv", [*arguments, "--images", str(tmp_path / "i")])
    assert main() == 2
    assert "blocks in no page" in capsys.readouterr().err


def test_the_projects_page_is_what_its_results_give() -> None:
    """`python -m paper.findings` writes it."""
    if not RESULTS.exists():
        pytest.skip("paper/results is not there yet")
    found = found_in(RESULTS, PAGE)
    for page, text in texts_of(PAGE, found).items():
        assert page.read_text("utf-8") == text, page.name
    for name, svg in found.pictures.items():
        assert (PAGE.parent / "images" / name).read_text("utf-8") == svg, name


def test_readme_shows_the_picture_of_the_page() -> None:
    assert ROOT / "README.md" in pages_of(PAGE)
    assert names((ROOT / "README.md").read_text("utf-8")) == ["readme"]
