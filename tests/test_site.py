"""The site: strict, whole, and without anything from outside.

It needs Sphinx, which the development tools do not bring: `make site` installs it and runs this.
"""

import os
import re
import subprocess
import sys
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.pages import pages
from tests.support import ROOT

HIDDEN = {"docs/index.md", "docs/verification-intro.md"}
"""The first page itself, and one that is shown as a part of another."""


class Html(HTMLParser):
    """What a page of the site refers to, and what can be referred to in it."""

    def __init__(self, path: Path) -> None:
        """Read ``path``."""
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep its links, what the browser loads for it, and its name."""
        found = dict(attrs)
        self.anchors.add(found.get("id") or "")
        if tag == "a" and found.get("href"):
            self.links.append(found["href"] or "")
        elif tag == "link" and (found.get("rel") or "").split()[0] in {
            "stylesheet",
            "icon",
            "preload",
        }:
            self.loaded.append(found.get("href") or "")
        elif found.get("src"):
            self.loaded.append(found["src"] or "")


class Site:
    """A built site.

    Attributes:
        folder: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        """Read every page of ``folder``."""
        self.folder = folder

    @cached_property
    def html(self) -> dict[Path, Html]:
        """Each page, by its path."""
        return {path: Html(path) for path in self.folder.rglob("*.html")}


def build(source: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Build the site as `make site` does: a warning is an error."""
    words = ["-E", "-W", "--keep-going", "-q", "-b", "html", "-c", "docs/site", ".", str(folder)]
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *words],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site: where `make site` has built it, else built here."""
    pytest.importorskip("furo")
    if built := os.environ.get("RELCHECK_SITE"):
        return Site((ROOT / built).resolve())
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return Site(folder)


def test_links_and_anchors_lead_somewhere(site: Site) -> None:
    wrong = []
    for path, page in site.html.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = unquote(link).partition("#")
            target = (path.parent / name).resolve() if name else path
            if not target.is_file() or (
                anchor and target in site.html and anchor not in site.html[target].anchors
            ):
                wrong.append((path.name, link))
    assert wrong == []
    assert sum(len(page.links) for page in site.html.values()) > 1000


def test_nothing_is_loaded_from_outside(site: Site) -> None:
    """It can be read where no network is, and tells nobody that it is read."""
    loaded = [name for page in site.html.values() for name in page.loaded]
    assert len(loaded) > 100
    assert [name for name in loaded if re.match(r"([a-z]+:)?//", name)] == []
    styles = [path.read_text("utf-8") for path in site.folder.rglob("*.css")]
    assert not [s for s in styles if re.search(r"url\(\s*[\"']?(https?:)?//|@import", s)]


def test_every_page_is_in_the_navigation(site: Site) -> None:
    start = site.folder / "docs" / "index.html"
    named = {(start.parent / link.partition("#")[0]).resolve() for link in site.html[start].links}
    expected = {str(page) for page in pages()} - HIDDEN
    for name in expected:
        assert (site.folder / name).with_suffix(".html").resolve() in named, name
    assert "docs/index.html" in (site.folder / "index.html").read_text("utf-8")


@pytest.mark.parametrize("text", ["[x](no-such-page.md)", "[x](method.md#no-such-head)"])
def test_a_wrong_link_ends_the_build(text: str, tmp_path: Path) -> None:
    """Else strict mode would be a word."""
    pytest.importorskip("furo")
    for name in ("site", "decisions"):
        (tmp_path / "docs" / name).mkdir(parents=True)
    conf = (ROOT / "docs/site/conf.py").read_text("utf-8").replace("parents[2]", "parents[0]")
    (tmp_path / "docs/site/conf.py").write_text(
        conf.replace('"site.css"', "").replace('"root"', "")
    )
    (tmp_path / "docs/index.md").write_text("# A\n\n```{toctree}\nmethod\n```\n")
    page = tmp_path / "docs" / "method.md"
    page.write_text("# A\n\n## Known\n\n[x](method.md#known)\n")
    assert build(tmp_path, tmp_path / "out").returncode == 0
    page.write_text(f"# A\n\n## Known\n\n{text}\n")
    done = build(tmp_path, tmp_path / "other")
    assert done.returncode != 0
    assert "no-such" in done.stderr
