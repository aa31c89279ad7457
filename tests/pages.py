"""The documentation as tests read it: pages, their links, code, commands and sentences."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.support import ROOT

BLOCK = re.compile(r"^```(?s:.*?)^```$|(?:^(?: {4}|\t)[^\n]*\n)+", re.MULTILINE)
"""A fenced block, or lines that are indented as code. (Continued list items have at most 3.)"""

SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^()\s]+)\)")
ABBREVIATIONS = re.compile(r"\b(?:e\.g|i\.e|ch|et al|ed|vs|eq|eqs)\.")


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        path: Where it is.
    """

    path: Path

    def __str__(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text("utf-8")

    @cached_property
    def prose(self) -> str:
        """It without blocks of code."""
        return BLOCK.sub("\n", self.text)

    @property
    def spans(self) -> list[str]:
        """Code within sentences and tables."""
        return SPAN.findall(self.prose)

    @property
    def code(self) -> str:
        """Blocks of code, and code within sentences, a line each; continued lines are joined."""
        blocks = "\n".join(BLOCK.findall(self.text))
        return re.sub(r"\\\n\s*", " ", blocks + "\n" + "\n".join(self.spans))

    @property
    def links(self) -> list[str]:
        """Targets of links and pictures, those outside of the repository excepted."""
        found = LINK.findall(SPAN.sub("", self.prose))
        return [target for target in found if not re.match(r"[a-z]+:", target)]

    @property
    def anchors(self) -> set[str]:
        """What links can point to, as code hosts name headings."""
        heads = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        plain = (re.sub(r"[^\w\- ]", "", head.lower()) for head in heads)
        return {head.replace(" ", "-") for head in plain}

    def table(self, head: str) -> list[list[str]]:
        """The rows of the first table whose first line begins with ``head``, without backticks."""
        start = self.text.index(f"\n| {head}") + 1
        lines = self.text[start:].split("\n\n")[0].splitlines()[2:]
        cells = (line.strip("|").split("|") for line in lines)
        return [[cell.strip().strip("`") for cell in row] for row in cells]

    @property
    def sentences(self) -> Iterator[str]:
        """What is written in sentences: no tables, headings or code."""
        for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*|#>]|\d+\.) ?)", self.prose):
            if not re.match(r"\s*[|#!]", paragraph):
                text = ABBREVIATIONS.sub("", " ".join(paragraph.split()))
                yield from re.split(r"(?<=[.!?])[\"*)]*\s+(?=[\"*(\[`A-Z0-9])", text)


def pages() -> list[Page]:
    """Every page that users or developers read."""
    top = [ROOT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING", "SECURITY")]
    others = [ROOT / "models" / "README.md", *(ROOT / "examples").glob("*/README.md")]
    return [Page(path) for path in (*top, *others, *sorted((ROOT / "docs").rglob("*.md")))]


def files() -> list[str]:
    """Files of the repository that pages name, from its root."""
    folders = (
        *("analyzer", "exporters", "relcheck_onnx", "audit", "paper", "tests", "benchmarks"),
        *("docs", "models", "examples", "templates"),
    )
    found = (path for name in folders for path in (ROOT / name).rglob("*"))
    here = [path for path in found if path.is_file() and "__pycache__" not in path.parts]
    return [path.relative_to(ROOT).as_posix() for path in (*here, *ROOT.glob("*.*"))]
