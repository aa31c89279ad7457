"""Write the findings into the pages: ``python -m paper.findings``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from paper.findings import overview
from paper.findings.every import Generated, generated
from paper.findings.page import BlockMismatch, filled_pages
from paper.findings.results import Results

ROOT = Path(__file__).resolve().parents[2]
OURS, README = ROOT / "docs" / "paper.md", ROOT / "README.md"
"""The text around the blocks."""


def pages_of(page: Path) -> list[Path]:
    """The page and its parts: ``paper-*.md`` beside it; of the project's own, the README too."""
    parts = sorted(page.parent.glob(f"{page.stem}-*{page.suffix}"))
    return [page, *parts, *([README] if page.resolve() == OURS else [])]


def texts_of(page: Path, found: Generated) -> dict[Path, str]:
    """The new text of the page and of its parts.

    Args:
        page: Markdown with marked blocks.
        found: what goes between the markers.

    Raises:
        BlockMismatch: markers and blocks do not correspond.
    """
    return filled_pages(pages_of(page), found.blocks, optional=(overview.README,))


def begin(page: Path) -> None:
    """Begin a page that is not there as a copy of the project's, with its parts.

    Args:
        page: Markdown; its folder is made.
    """
    if page.exists():
        return
    page.parent.mkdir(parents=True, exist_ok=True)
    for part in [OURS, *sorted(OURS.parent.glob(f"{OURS.stem}-*.md"))]:
        shutil.copy(part, page.parent / part.name.replace(OURS.stem, page.stem, 1))


def found_in(results: Path, page: Path) -> Generated:
    """Blocks and pictures, with links that lead from the page to the results.

    Args:
        results: folder of JSON.
        page: that the links are for.
    """
    link = Path(os.path.relpath(results.resolve(), page.resolve().parent)).as_posix()
    return generated(Results(results, link))


def write(results: Path, page: Path, images: Path) -> None:
    """Write pages and pictures anew; files that would not change are left alone.

    Args:
        results: folder of JSON; stages that it lacks are named in the page.
        page: Markdown with marked blocks; its parts ``paper-*.md`` lie beside it.
        images: folder of the pictures.

    Raises:
        BlockMismatch: markers and blocks do not correspond.
    """
    found = found_in(results, page)
    texts = texts_of(page, found)
    images.mkdir(parents=True, exist_ok=True)
    pictures = {images / name: svg for name, svg in found.pictures.items()}
    for path, text in {**texts, **pictures}.items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"wrote {path}")


def main() -> int:
    """Parse the arguments; 2 if markers and blocks do not correspond."""
    parser = argparse.ArgumentParser(prog="python -m paper.findings", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("paper/results"))
    parser.add_argument("--page", type=Path, default=Path("docs/paper.md"))
    parser.add_argument("--images", type=Path, default=Path("docs/images"))
    asked = parser.parse_args()
    begin(asked.page)
    try:
        write(asked.results, asked.page, asked.images)
    except BlockMismatch as problem:
        print(f"{asked.page}: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
