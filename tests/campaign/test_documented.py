"""docs/reliability*.md name tests, commands, files and lines of code that exist."""

import re

import pytest

from tests.support import ROOT

PAGES = {
    name: (ROOT / "docs" / name).read_text("utf-8")
    for name in ("reliability.md", "reliability-hostile-files.md")
}


def existing() -> set[str]:
    """Names of test files and test functions."""
    files = list((ROOT / "tests").rglob("test_*.py"))
    functions = (re.findall(r"^def (test_\w+)", f.read_text("utf-8"), re.MULTILINE) for f in files)
    return {f.name for f in files} | {name for found in functions for name in found}


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_is_named_exists(page: str) -> None:
    named = set(re.findall(r"\btest_\w+(?:\.py)?", PAGES[page]))
    assert len(named) > 30
    assert named - existing() == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_is_named_exists(page: str) -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = set(re.findall(r"^ {4}make (\w+)|`make (\w+)", PAGES[page], re.MULTILINE))
    assert named
    assert {word for pair in named for word in pair if word} <= set(targets)


QUOTED = r"`((?:\w+/)+\w+\.py)`: ((?:`[^`]+`(?:, )?)+)"
"""A file, and lines of it."""


def test_every_line_that_keeps_a_promise_stands_in_its_file() -> None:
    """A row whose line is gone promises what nothing keeps."""
    found = re.findall(QUOTED, PAGES["reliability-hostile-files.md"])
    assert len(found) > 30
    for file, quotes in found:
        code = (ROOT / "analyzer" / file).read_text("utf-8")
        for quote in re.findall("`([^`]+)`", quotes):
            parts = (part.strip("() ") for part in quote.split("..."))
            assert all(part in code for part in parts), (file, quote)
