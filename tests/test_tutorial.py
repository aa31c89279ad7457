"""The tutorial, step by step: every command runs, and prints what the page shows.

``python -m tests.test_tutorial`` writes into the page what its commands print now.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.console import Command, Reader, agree, rewritten, steps
from tests.support import ROOT

PAGE = ROOT / "docs" / "tutorial.md"
APART = 0.11
"""Figures may differ so much on another processor."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with the script, as the page asks for it."""
    return prepared(tmp_path)


def prepared(folder: Path) -> Path:
    shutil.copy(ROOT / "examples" / "pipeline" / "train.py", folder)
    return folder


def test_every_command_prints_what_the_page_shows(folder: Path) -> None:
    reader = Reader(folder)
    done = 0
    for step in steps(PAGE.read_text("utf-8")):
        printed = reader.follow(step)
        if isinstance(step, Command):
            done += 1
            lines = [line.rstrip() for line in printed.splitlines()]
            assert agree(step.shown, lines, APART), f"$ {step.words}\n{printed}"
    assert done > 12
    assert {"gate.xml", "comment.md", "shapes.onnx", "safe.onnx"} <= set(os.listdir(folder))


def test_every_command_of_the_page_is_one_that_runs() -> None:
    """Fails if a command stands in a block of another kind, which nobody runs."""
    text = PAGE.read_text("utf-8")
    commands = [step for step in steps(text) if isinstance(step, Command)]
    assert text.count("\n$ ") == len(commands)
    assert all(step.shown for step in commands if "relcheck" in step.words)


def test_what_is_said_of_the_table_stands_in_it() -> None:
    text = PAGE.read_text("utf-8")
    row = re.search(r"^  1e-5 +(\S+) +(\S+) +(\S+) ", text, re.M)
    said = re.search(r"^Read one line.*?\n\n", text, re.M | re.S)
    assert row
    assert said
    upsets, top1, sdc = row.groups()
    assert f"{top1} %" in said[0]
    assert f"{sdc} %" in said[0]
    assert f"{float(upsets):.0f} flipped" in " ".join(said[0].split())


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (("a 1.0",), ["a 1.05"], True),
        (("a 1.0",), ["a 1.2"], False),
        (("a", "..."), ["a", "b", "c"], True),
        (("a", "...", "c"), ["a", "b"], False),
        (("...", "c"), ["a", "b", "c"], True),
        (("a",), ["a", "b"], False),
        (("a b...",), ["a b c"], True),
        (("a b...",), ["a c"], False),
    ],
)
def test_pages_are_compared(shown: tuple[str, ...], printed: list[str], same: bool) -> None:
    assert agree(shown, printed, 0.1) is same


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        os.environ |= {"XDG_CACHE_HOME": f"{place}/cache", "RELCHECK_JOBS": "0"}
        PAGE.write_text(rewritten(PAGE.read_text("utf-8"), prepared(Path(place))), "utf-8")
